/** Names that nobody can guess or has used before, for files that are made beside their final place. */
import { randomBytes } from "node:crypto";
import { hostname } from "node:os";

let counter = 0;

/**
 * A name for a file in a Maildir: `seconds.M<microseconds>P<pid>Q<count>R<random>.host`, unique over hosts that share
 * the folder. See http://cr.yp.to/proto/maildir.html.
 * @param now ms since the epoch
 */
export function uniqueName(now: number): string {
  counter = (counter + 1) % 1_000_000;
  const seconds = Math.floor(now / 1000);
  const microseconds = Math.floor((now % 1000) * 1000);
  const random = randomBytes(4).toString("hex");
  return `${seconds}.M${microseconds}P${process.pid}Q${counter}R${random}.${safeHost()}`;
}

let host: string | undefined;

/** "/" and ":" mean something in Maildir names. */
function safeHost(): string {
  return (host ??= hostname().replaceAll("/", "\\057").replaceAll(":", "\\072") || "localhost");
}
