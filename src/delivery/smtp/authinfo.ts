/**
 * Names and passwords for servers (manual §5.1.4.15 authinfo, option DefaultAuthInfo): what the ruleset `authinfo` says about
 * this server, else the file.
 *
 *     "U:joe" "P:secret"          "I:joe" "P=c2VjcmV0" "R:example.test" "M:PLAIN LOGIN"
 *
 * U: as whom to act, I: whose password it is (one of both stands for the other), P: the password, R: the realm, M: the
 * mechanisms; `=` instead of `:` for base64. An entry whose M: has EXTERNAL needs neither name nor password.
 */
import { closeSync, readFileSync } from "node:fs";
import type { ClientCredentials } from "../../auth/exchange.ts";
import type { Options } from "../../config/config.ts";
import { dontBlameOf } from "../../config/policies.ts";
import type { MailRules } from "../../routing/mail-rules.ts";
import type { MacroScope } from "../../rewriting/macro-scope.ts";
import { explainUnopened, openSafely } from "../../sys/safe-file.ts";
import type { SealedFiles } from "../../sys/sealed-file.ts";

export interface AuthInfo extends ClientCredentials {
  readonly realm?: string;
  /** false: an entry for EXTERNAL alone. */
  readonly hasPassword: boolean;
  /** Empty: what the configuration allows otherwise. */
  readonly mechanisms: readonly string[];
}

export type FoundAuthInfo =
  | { readonly kind: "none" }
  | { readonly kind: "found"; readonly info: AuthInfo }
  /** Something is there, and it is not enough; the text holds no secret. */
  | { readonly kind: "unusable"; readonly reason: string };

/** @param scope with {server_name} and {server_addr} */
export async function findAuthInfo(
  rules: Pick<MailRules, "select"> | undefined,
  options: Options,
  server: { readonly name: string; readonly address: string },
  scope: MacroScope,
  sealed?: SealedFiles,
): Promise<FoundAuthInfo> {
  const said = (await rules?.select("authinfo", [server.name, server.address], scope)) ?? "";
  if (said !== "") return readAuthInfo(said);
  const file = options.text("DefaultAuthInfo");
  return file === "" ? { kind: "none" } : readAuthInfoFile(file, dontBlameOf(options), sealed);
}

const ITEM = /"([A-Za-z])([:=])((?:[^"\\]|\\[^])*)"/g;

/** @param text items in quotes, as they stand in the table */
export function readAuthInfo(text: string): FoundAuthInfo {
  const items = new Map<string, string>();
  let rest = text;
  for (const [whole, letter, mark, value] of text.matchAll(ITEM)) {
    rest = rest.replace(whole, "");
    const key = letter.toUpperCase();
    if (!"UIPRM".includes(key)) return { kind: "unusable", reason: `item "${key}:" is not known` };
    if (items.has(key)) return { kind: "unusable", reason: `item "${key}:" twice` };
    const plain = value.replaceAll(/\\([^])/g, "$1");
    items.set(key, mark === "=" ? Buffer.from(plain, "base64").toString("utf8") : asText(plain));
  }
  if (rest.trim() !== "") return { kind: "unusable", reason: 'items are not written "LETTER:text"' };
  return fromItems(items);
}

/** Values of tables are octets. */
function asText(octets: string): string {
  return Buffer.from(octets, "latin1").toString("utf8");
}

function fromItems(items: ReadonlyMap<string, string>): FoundAuthInfo {
  const mechanisms = (items.get("M") ?? "").split(/\s+/).filter((name) => name !== "");
  const byCertificate = mechanisms.some((name) => name.toUpperCase() === "EXTERNAL");
  const user = items.get("I") ?? items.get("U") ?? "";
  const password = items.get("P");
  if (!byCertificate && user === "") return { kind: "unusable", reason: "there is no user (U: or I:)" };
  if (!byCertificate && password === undefined) return { kind: "unusable", reason: "there is no password (P:)" };
  const actAs = items.get("U");
  const realm = items.get("R");
  return {
    kind: "found",
    info: {
      user,
      password: password ?? "",
      hasPassword: user !== "" && password !== undefined,
      mechanisms,
      // One's own name goes without saying, but a certificate does not name I:.
      ...(actAs === undefined || (actAs === user && !byCertificate) ? {} : { actAs }),
      ...(realm === undefined ? {} : { realm }),
    },
  };
}

/** Lines: as whom to act, whose password, the password, the realm, the mechanisms; the last two may be missing. */
function readAuthInfoFile(
  file: string,
  dontBlame: ReadonlySet<string>,
  sealed: SealedFiles | undefined,
): FoundAuthInfo {
  const opened = openSafely(file, "authInfo", { dontBlame });
  const known = opened.kind === "failed" && opened.code === "EACCES" ? sealed?.get(file) : undefined;
  if (known !== undefined) return fromLines(known.toString("utf8"));
  if (opened.kind !== "open") return { kind: "unusable", reason: `${file}: ${explainUnopened(opened)}` };
  let text;
  try {
    text = readFileSync(opened.fd, "utf8");
  } catch (error) {
    return { kind: "unusable", reason: `${file}: ${error instanceof Error ? error.message : String(error)}` };
  } finally {
    closeSync(opened.fd);
  }
  return fromLines(text);
}

function fromLines(text: string): FoundAuthInfo {
  const lines = text.split(/\r?\n/);
  const items = ["U", "I", "P", "R", "M"].map((letter, at) => [letter, lines[at] ?? ""] as const);
  return fromItems(new Map(items.filter(([, value]) => value !== "")));
}
