/** Lines of Dovecot's auth client protocol (version 1): fields with tabs between them, some characters escaped with \x01. */

const ESCAPED: readonly (readonly [string, string])[] = [
  ["\x01", "\x011"],
  ["\t", "\x01t"],
  ["\r", "\x01r"],
  ["\n", "\x01n"],
  ["\0", "\x010"],
];

export function escapeField(text: string): string {
  return text.replaceAll(/[\x01\t\r\n\0]/g, (char) => ESCAPED.find(([plain]) => plain === char)?.[1] ?? char);
}

function unescapeField(text: string): string {
  return text.replaceAll(/\x01[1trn0]/g, (pair) => ESCAPED.find(([, escaped]) => escaped === pair)?.[0] ?? pair);
}

/** What the server says, as far as it concerns us. */
export type DovecotLine =
  | { readonly kind: "version"; readonly major: number }
  | { readonly kind: "mechanism"; readonly name: string }
  /** The handshake is over. */
  | { readonly kind: "done" }
  | { readonly kind: "ok"; readonly id: string; readonly user: string | undefined }
  | {
      readonly kind: "fail";
      readonly id: string;
      readonly user: string | undefined;
      /** Nobody can tell now; come again later. */
      readonly isTemporary: boolean;
    }
  | { readonly kind: "continue"; readonly id: string; readonly octets: Buffer }
  /** SPID, CUID, COOKIE and what later versions say. */
  | { readonly kind: "other" };

export function parseDovecotLine(line: string): DovecotLine {
  const [word, first = "", ...rest] = line.split("\t").map(unescapeField);
  const valueOf = (name: string): string | undefined =>
    rest.find((field) => field.startsWith(`${name}=`))?.slice(name.length + 1);
  switch (word) {
    case "VERSION":
      return { kind: "version", major: Number(first) };
    case "MECH":
      return { kind: "mechanism", name: first.toUpperCase() };
    case "DONE":
      return { kind: "done" };
    case "OK":
      return { kind: "ok", id: first, user: valueOf("user") };
    case "FAIL": {
      const isTemporary = rest.includes("temp") || valueOf("code") === "temp_fail";
      return { kind: "fail", id: first, user: valueOf("user"), isTemporary };
    }
    case "CONT":
      return { kind: "continue", id: first, octets: Buffer.from(rest[0] ?? "", "base64") };
    default:
      return { kind: "other" };
  }
}
