/** What an expansion asks, of simple parts: aliases from a table, users whose homes lie in one folder, rules of three lines. */
import { join } from "node:path";
import type { Config, Options } from "../../src/config/config.ts";
import type { Mailer } from "../../src/config/mailer.ts";
import { MacroScope } from "../../src/rewriting/macro-scope.ts";
import { createAliases } from "../../src/routing/aliases.ts";
import type { MailRules, Resolution } from "../../src/routing/mail-rules.ts";
import type { ExpansionContext } from "../../src/routing/expansion.ts";
import type { User } from "../../src/sys/users.ts";
import { ownFiles } from "./user-files.ts";

const uid = process.getuid?.() ?? 0;
const everything = new Set([
  "GroupWritableDirPathSafe",
  "ForwardFileInUnsafeDirPath",
  "IncludeFileInUnsafeDirPath",
  "ForwardFileInUnsafeDirPathSafe",
  "IncludeFileInUnsafeDirPathSafe",
  "TrustStickyBit",
]);

/** Addresses without a domain are local, others go to mailer esmtp; "bad@..." does not resolve, "later@..." not yet. */
function resolve(address: string): Resolution {
  const at = address.lastIndexOf("@");
  if (address.startsWith("bad@"))
    return { kind: "error", reply: { code: 550, enhanced: "5.1.2", lines: ["Host unknown"] } };
  if (address.startsWith("later@")) {
    return { kind: "tempfail", reply: { code: 451, enhanced: "4.4.3", lines: ["name server"] } };
  }
  const triple =
    at < 0
      ? { mailer: "local", host: "", user: address }
      : { mailer: "esmtp", host: address.slice(at + 1), user: address };
  return { kind: "triple", triple, canonical: address };
}

function mailer(name: string, flags: string): [string, Mailer] {
  return [name, { name, flags: new Set(flags) } as unknown as Mailer];
}

function userOf(home: string, name: string): User {
  return { name, uid, gid: 0, gecos: "", home: join(home, name), shell: "/bin/sh" };
}

/**
 * @param home folder of the users' homes
 * @param aliases name → right side
 */
export function expansionContext(
  home: string,
  aliases: Readonly<Record<string, string>>,
  userNames: readonly string[] = [],
): ExpansionContext & { warnings: string[] } {
  const options = {
    text: (name: string) => (name === "ForwardPath" ? "$z/.forward" : ""),
    number: (name: string) => (name === "MaxAliasRecursion" ? 10 : 0),
  } as unknown as Options;
  const config = {
    options,
    mailers: new Map([mailer("local", "A5w:|/"), mailer("esmtp", "mDFMuX"), mailer("prog", ""), mailer("*file*", "")]),
    expand: (text: string, scope: MacroScope) => text.replace(/\$(\w)/g, (_, name: string) => scope.get(name) ?? ""),
  } as unknown as Config;
  const rules = { resolve, localAddress: () => undefined } as unknown as MailRules;
  const warnings: string[] = [];
  return {
    config,
    rules,
    aliases: createAliases([
      {
        name: "test",
        lookup: (key) => (key in aliases ? { kind: "found", value: aliases[key] } : { kind: "missing" }),
      },
    ]),
    users: {
      find: (name) => (userNames.includes(name) ? userOf(home, name) : undefined),
      findById: () => userOf(home, "owner"),
    },
    scope: new MacroScope(),
    files: ownFiles,
    dontBlame: everything,
    now: 1000,
    warn: (text) => warnings.push(text),
    warnings,
  };
}
