/**
 * The server's own passwords: a text file (password-record.ts), which `rulemail passwd` writes. Looked at whenever somebody
 * is asked for, so that a login that was disabled a moment ago is refused; read again when it has changed.
 *
 * It is replaced as a whole and belongs to the server's user or to root; others may not read it (sys/safe-file.ts).
 */
import { randomBytes } from "node:crypto";
import { closeSync, readFileSync, type Stats, statSync } from "node:fs";
import type { Known, Passwords, ScramDigest, ScramVerifier } from "../auth/exchange.ts";
import { saslPrep } from "../auth/saslprep.ts";
import { explainUnopened, openSafely, type SafetyOptions } from "../sys/safe-file.ts";
import type { Standing } from "./local-authenticator.ts";
import { isPassword, parseRecord, type PasswordRecord, SCRYPT_COST, type ScryptHash } from "./password-record.ts";
import { Turnstile, TooManyError } from "./turnstile.ts";

/** What stays the same as long as nobody touches a file. */
const SAME = ["ino", "dev", "size", "mtimeMs", "ctimeMs"] as const;

export type ReadPasswords =
  | {
      readonly kind: "read";
      readonly records: ReadonlyMap<string, PasswordRecord>;
      readonly problems: readonly string[];
    }
  | { readonly kind: "failed"; readonly problem: string };

/** The records of a text, by name; lines that are none are told with their numbers. */
export function parsePasswords(text: string, path: string): Extract<ReadPasswords, { kind: "read" }> {
  const records = new Map<string, PasswordRecord>();
  const problems: string[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const record = parseRecord(line);
    if (typeof record === "string") problems.push(`${path}:${index + 1}: ${record}`);
    else if (records.has(record.name)) problems.push(`${path}:${index + 1}: ${record.name} is there already`);
    else records.set(record.name, record);
  }
  return { kind: "read", records, problems };
}

export function readPasswords(path: string, safety: SafetyOptions): ReadPasswords & { readonly stats?: Stats } {
  const opened = openSafely(path, "key", safety);
  if (opened.kind !== "open") return { kind: "failed", problem: `${path}: ${explainUnopened(opened)}` };
  try {
    return { ...parsePasswords(readFileSync(opened.fd, "utf8"), path), stats: opened.stats };
  } catch (error) {
    return { kind: "failed", problem: `${path}: ${error instanceof Error ? error.message : String(error)}` };
  } finally {
    closeSync(opened.fd);
  }
}

export class PasswordFile implements Passwords {
  readonly #path: string;
  readonly #safety: () => SafetyOptions;
  readonly #report: (text: string) => void;
  readonly #turnstile = new Turnstile();
  /** Somebody who is not there takes as long as somebody who is. */
  readonly #nobody: ScryptHash = { ...SCRYPT_COST, salt: randomBytes(16), key: randomBytes(32) };
  #stats: Stats | undefined;
  #records: ReadonlyMap<string, PasswordRecord> = new Map();
  #problem: string | undefined;

  /** @param report hears what is wrong with the file, once for each of its versions */
  constructor(path: string, safety: () => SafetyOptions, report: (text: string) => void) {
    this.#path = path;
    this.#safety = safety;
    this.#report = report;
  }

  async check(user: string, password: string, client = ""): Promise<Known<boolean>> {
    const found = this.#find(user);
    if (found.kind === "unavailable") return found;
    const record = found.kind === "known" ? found.value : undefined;
    try {
      const right = await this.#turnstile.pass(client, () => isPassword(record?.scrypt ?? this.#nobody, password));
      // What was asked for while the hash was made is asked again: it may have been disabled.
      const still = record !== undefined && this.#find(user).kind === "known";
      return { kind: "known", value: right && still };
    } catch (error) {
      if (error instanceof TooManyError) return { kind: "unavailable", reason: error.message };
      throw error;
    }
  }

  scram(user: string, digest: ScramDigest): Known<ScramVerifier> {
    return part(this.#find(user), ({ scram }) => scram[digest]);
  }

  /** Defined while passwords themselves are kept for somebody. */
  get plain(): ((user: string) => Known<string>) | undefined {
    this.#refresh();
    for (const { plain } of this.#records.values()) {
      if (plain !== undefined) return (user) => part(this.#find(user), (record) => record.plain);
    }
    return undefined;
  }

  /** Whether a user is there and enabled; while the file cannot be read those who are in stay. */
  standing(user: string): Standing {
    this.#refresh();
    const record = this.#record(user);
    if (this.#problem !== undefined || record?.disabled === false) return "good";
    return record === undefined ? "unknown" : "disabled";
  }

  #record(user: string): PasswordRecord | undefined {
    return this.#records.get(saslPrep(user) ?? user);
  }

  #find(user: string): Known<PasswordRecord> {
    this.#refresh();
    if (this.#problem !== undefined) return { kind: "unavailable", reason: this.#problem };
    const record = this.#record(user);
    return record === undefined || record.disabled ? { kind: "unknown" } : { kind: "known", value: record };
  }

  #refresh(): void {
    const now = statSync(this.#path, { throwIfNoEntry: false });
    const before = this.#stats;
    if (now !== undefined && before !== undefined && SAME.every((fact) => now[fact] === before[fact])) return;
    const read = readPasswords(this.#path, this.#safety());
    if (read.kind === "failed") {
      if (read.problem !== this.#problem) this.#report(read.problem);
      this.#problem = read.problem;
      this.#stats = undefined;
      return;
    }
    for (const problem of read.problems) this.#report(problem);
    this.#problem = undefined;
    this.#records = read.records;
    this.#stats = read.stats;
  }
}

function part<Value>(found: Known<PasswordRecord>, of: (record: PasswordRecord) => Value | undefined): Known<Value> {
  if (found.kind !== "known") return found;
  const value = of(found.value);
  return value === undefined ? { kind: "unknown" } : { kind: "known", value };
}
