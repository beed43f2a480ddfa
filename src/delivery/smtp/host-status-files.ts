/**
 * HostStatusDirectory: one small file for each host, as sendmail keeps them. The path is the name from its end:
 * `mx.far.test` is in `test./far./mx`. A file, as 8.17 writes it:
 *
 *   V0                version
 *   E111              errno of the connection
 *   H0                error of the name server
 *   S75               exit status: 0 works, 75 later, others never
 *   D4.4.1            enhanced status code
 *   R421 4.3.2 busy   last reply
 *   U1796020656       when, seconds
 *   .
 */
import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { constants as fileConstants, readFileSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { exitMeaning } from "../../envelope/exit-meaning.ts";
import { EX } from "../../sys/sysexits.ts";
import { deferred, type Outcome } from "../outcome.ts";

export interface HostRecord {
  /** 0 for none. */
  readonly errno: number;
  readonly exit: number;
  /** "4.4.1"; "" for none. */
  readonly status: string;
  /** Undefined: nothing was said. */
  readonly reply?: string | undefined;
  /** ms since the epoch. */
  readonly at: number;
}

const { O_RDONLY, O_NONBLOCK } = fileConstants;
const { ECONNREFUSED, ECONNRESET, ETIMEDOUT, EHOSTUNREACH, ENETUNREACH, ENOENT, EACCES } = constants.errno;

/** Words for what the system says; they stand in outcomes as well. */
const WORDS: readonly (readonly [errno: number, text: string])[] = [
  [ECONNREFUSED, "Connection refused"],
  [ECONNRESET, "Connection reset by peer"],
  [ETIMEDOUT, "Connection timed out"],
  [EHOSTUNREACH, "No route to host"],
  [ENETUNREACH, "Network is unreachable"],
  [ENOENT, "No such file or directory"],
  [EACCES, "Permission denied"],
];

/** What is noted about a host that ended a conversation like that; undefined: it works, and took nothing. */
export function recordOf(outcome: Outcome | undefined, at: number): HostRecord {
  if (outcome === undefined) return { errno: 0, exit: EX.OK, status: "", at };
  const { action, status, text, diagnostic } = outcome;
  const exit = action === "failed" ? EX.UNAVAILABLE : action === "delayed" ? EX.TEMPFAIL : EX.OK;
  const words = WORDS.find(([, word]) => text.includes(word.replace(" by peer", "")));
  const errno = exit === EX.TEMPFAIL && words !== undefined ? words[0] : 0;
  return { errno, exit, status, ...(diagnostic === undefined ? {} : { reply: diagnostic.text }), at };
}

/** Why a host is left alone, from its file; only "later" counts, as refusals are for each message to hear. */
export function outcomeOf({ exit, errno, status, reply }: HostRecord, name: string): Outcome | undefined {
  if (exit !== EX.TEMPFAIL) return undefined;
  const words = wordsOf(errno);
  const shown = /^[\d.]+$|:/.test(name) ? `[${name}]` : name.replace(/[^\].]$/, "$&.");
  const reason = words === undefined ? (reply ?? "") : `${words.replace(" by peer", "")}: ${shown}`;
  return deferred(/^4\.\d{1,3}\.\d{1,3}$/.test(status) ? status : "4.4.1", reason, { remoteMta: shown });
}

/** The third column of hoststat. */
export function resultOf({ exit, errno, status, reply }: HostRecord): string {
  if (reply !== undefined) return reply;
  if (exit === EX.OK) return "OK";
  const words = wordsOf(errno);
  const meaning = exitMeaning(exit);
  return words === undefined ? `${status || meaning.status} ${meaning.text}` : `${meaning.text}: ${words}`;
}

function wordsOf(errno: number): string | undefined {
  if (errno === 0) return undefined;
  return WORDS.find(([known]) => known === errno)?.[1] ?? `error ${errno}`;
}

/** Where the file of a host is; undefined for a name that is no path. */
function pathOf(folder: string, name: string): string | undefined {
  const parts = name
    .toLowerCase()
    .replace(/^\[(.*)\]$/, "$1")
    .replace(/\.$/, "")
    .split(".");
  if (parts.some((part) => part === "" || part.includes("/") || part.includes("\0"))) return undefined;
  const [last, ...above] = parts;
  return join(folder, ...above.toReversed().map((part) => `${part}.`), last);
}

function encode({ errno, exit, status, reply, at }: HostRecord): string {
  const lines = ["V0", `E${errno}`, "H0", `S${exit}`];
  if (status !== "") lines.push(`D${status}`);
  if (reply !== undefined) lines.push(`R${reply.replaceAll(/[\r\n]+/g, " ")}`);
  return `${[...lines, `U${Math.floor(at / 1000)}`, "."].join("\n")}\n`;
}

/** Undefined for a file that is damaged. */
function decode(text: string): HostRecord | undefined {
  const fields = new Map(text.split("\n").map((line) => [line.slice(0, 1), line.slice(1)]));
  const number = (letter: string): number => Number(fields.get(letter) ?? Number.NaN);
  const [errno, exit, at] = [number("E"), number("S"), number("U") * 1000];
  if (fields.get("V") !== "0" || ![errno, exit, at].every(Number.isSafeInteger)) return undefined;
  return { errno, exit, status: fields.get("D") ?? "", reply: fields.get("R"), at };
}

export function readHostRecord(folder: string, name: string): HostRecord | undefined {
  const path = pathOf(folder, name);
  if (path === undefined) return undefined;
  try {
    // A pipe that lies there must not hold up everything.
    return decode(readFileSync(path, { encoding: "utf8", flag: O_RDONLY | O_NONBLOCK }));
  } catch {
    return undefined;
  }
}

/** @param mode of the file, whatever the umask is */
export async function writeHostRecord(folder: string, name: string, record: HostRecord, mode: number): Promise<void> {
  const path = pathOf(folder, name);
  if (path === undefined) return;
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  const beside = `${path}~${process.pid}`;
  await writeFile(beside, encode(record), { mode: 0o600 });
  await chmod(beside, mode);
  await rename(beside, path);
}

export interface FoundHost {
  readonly name: string;
  readonly path: string;
  /** Undefined: the file is damaged. */
  readonly record: HostRecord | undefined;
}

/** Every host of a folder, in the order of their names from the end. A folder that is not there has none. */
export async function* hostsOf(folder: string, above = ""): AsyncGenerator<FoundHost> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return [];
    throw error;
  });
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* hostsOf(path, `${entry.name.replace(/\.$/, "")}${above === "" ? "" : `.${above}`}`);
    else if (entry.isFile() && !entry.name.includes("~")) {
      const text = await readFile(path, "utf8").catch(() => undefined);
      if (text === undefined) continue;
      yield { name: above === "" ? entry.name : `${entry.name}.${above}`, path, record: decode(text) };
    }
  }
}

/** Removes what no longer counts; how many files. @param lifetime ms */
export async function purgeHosts(folder: string, lifetime: number, now: number): Promise<number> {
  let count = 0;
  for await (const { path, record } of hostsOf(folder)) {
    if (record !== undefined && Math.abs(now - record.at) <= lifetime) continue;
    await rm(path, { force: true });
    count++;
  }
  return count;
}
