/** Names that nobody can guess or has used before, for files that are made beside their final place. */
import { randomBytes } from "node:crypto";
import { hostname } from "node:os";

let counter = 0;
/** One call of the generator is enough for many names. */
let random = Buffer.alloc(0);
const NAMES = 256;
const RANDOM = 4;

/**
 * A name for a file in a Maildir: `seconds.M<microseconds>P<pid>Q<count>R<random>.host`, unique over hosts that share
 * the folder. See http://cr.yp.to/proto/maildir.html.
 * @param now ms since the epoch
 */
export function uniqueName(now: number): string {
  counter = (counter + 1) % 1_000_000;
  const seconds = Math.floor(now / 1000);
  const microseconds = Math.floor((now % 1000) * 1000);
  return `${seconds}.M${microseconds}P${process.pid}Q${counter}R${randomText()}.${safeHost()}`;
}

function randomText(): string {
  if (random.length === 0) random = randomBytes(NAMES * RANDOM);
  const text = random.toString("hex", 0, RANDOM);
  random = random.subarray(RANDOM);
  return text;
}

let host: string | undefined;

/** "/" and ":" mean something in Maildir names. */
function safeHost(): string {
  return (host ??= hostname().replaceAll("/", "\\057").replaceAll(":", "\\072") || "localhost");
}
