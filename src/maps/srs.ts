/**
 * The class srs: addresses of the Sender Rewriting Scheme (mail/srs.ts), both ways.
 *
 *     Ksrs srs -n example.com -e 21 /etc/mail/srs-secret
 *     $(srs joe@a.test $@ forward $)                an address of example.com; another domain of ours may follow: $@ domain
 *     $(srs SRS0=...@example.com $@ reverse $)      joe@a.test, or `error:5.7.1:"550 text"` as tables say it
 *
 * The operand is the file with the secrets, one a line: the first makes hashes, all of them are taken. Flags: -n the domain,
 * -e days that an address is good for (21), -h characters of a hash (4), -H characters of
 * one that comes back (as -h), -s the separator behind the tag (`=`, `-`, `+`), -l the longest
 * local part that is made (64; 0 for no limit). Nothing is found for what is no SRS address (reverse), and for a sender that
 * has no domain, has the new one already or would get too long a local part (forward).
 *
 * Without its secrets every look-up is a temporary failure: mail that leaves under the wrong name cannot be called back.
 */
import { readFileSync } from "node:fs";
import { looksLikeSrs, type SrsForm, srsForward, srsReverse } from "../mail/srs.ts";
import { explainUnopened } from "../sys/safe-file.ts";
import type { MapEnvironment } from "./environment.ts";
import { computingFlags, type MapFlags } from "./flags.ts";
import { type BareResult, found, type MapClass, MISSING, tempfail } from "./map-class.ts";
import { WatchedFile } from "./watched-file.ts";

const LEAST_HASH = 4;
/** Characters of an HMAC-SHA1 in base 64. */
const WHOLE_HASH = 27;
/** Half of what the stamps can tell apart. */
const MOST_DAYS = 511;

export const srsClass: MapClass = {
  flags: computingFlags({ n: "word", e: "word", h: "word", H: "word", s: "character", l: "word" }),
  keepsCase: true,
  keepsQuotes: true,
  literal: true,
  open({ declaration: { name }, flags, environment, problem }) {
    const path = flags.firstWord;
    if (path === "") {
      problem(`No file name for srs map ${name}`);
      return undefined;
    }
    if (!path.startsWith("/")) {
      problem(`srs map ${name}: file name ${path} must be fully qualified`);
      return undefined;
    }
    const settings = readSettings(flags, name, problem);
    if (settings === undefined) return undefined;
    const secrets = secretFile(path, environment, (wrong) => environment.log("err", `srs map "${name}": ${wrong}`));
    const domain = flags.value("n") ?? "";
    const { clock } = environment;
    return {
      keyFile: path,
      available: () => secrets().known !== undefined,
      prepare(context) {
        const { problem: wrong } = secrets();
        if (wrong !== undefined) context.message?.(`srs map "${name}": ${wrong}`);
      },
      find(key, [way = "forward", to = domain], context) {
        const isReverse = way.toLowerCase() === "reverse";
        // Every address of ours is asked for: most need no secrets.
        if (isReverse && !looksLikeSrs(key)) return MISSING;
        const { known, problem: wrong = "" } = secrets();
        if (known === undefined) {
          const reason = `srs map "${name}": ${wrong}`;
          context.message?.(reason);
          return tempfail(reason);
        }
        const keys = { secrets: known, now: clock.now() };
        if (isReverse) return reversed(srsReverse(key, keys, settings.leastHash, settings.days));
        if (way.toLowerCase() !== "forward") {
          context.message?.(`srs map "${name}": ${way} is neither forward nor reverse`);
          return MISSING;
        }
        if (to === "") return MISSING;
        const answer = srsForward(key, to, keys, settings);
        if (answer.kind === "address") return found(answer.address);
        if (answer.kind === "long") tellLong(environment, name, key, answer.octets, settings.longest);
        return MISSING;
      },
    };
  },
};

interface Settings extends SrsForm {
  readonly days: number;
  /** Characters that a hash has to have which comes back. */
  readonly leastHash: number;
}

function readSettings(flags: MapFlags, name: string, problem: (text: string) => void): Settings | undefined {
  let isGood = true;
  const wrong = (text: string): void => {
    isGood = false;
    problem(`srs map ${name}: ${text}`);
  };
  const number = (letter: string, usual: number, least: number, most: number): number => {
    const text = flags.value(letter);
    if (text === undefined) return usual;
    const value = /^\d{1,6}$/.test(text) ? Number(text) : -1;
    if (value < least || value > most) wrong(`-${letter} should be a number from ${least} to ${most}, not ${text}`);
    return value;
  };
  const separator = flags.value("s") ?? "=";
  if (separator !== "=" && separator !== "-" && separator !== "+") {
    wrong(`-s should be =, - or +, not ${separator}`);
    return undefined;
  }
  const hashLength = number("h", LEAST_HASH, LEAST_HASH, WHOLE_HASH);
  const settings = {
    separator,
    days: number("e", 21, 1, MOST_DAYS),
    hashLength,
    leastHash: number("H", hashLength, LEAST_HASH, hashLength),
    longest: number("l", 64, 0, 999_999),
  } as const;
  return isGood ? settings : undefined;
}

interface Secrets {
  /** Absent: there are none, for the reason beside it. */
  readonly known?: readonly string[];
  readonly problem?: string;
}

/**
 * The secrets of the file as it is now; of one that is broken, those of before.
 * @param tell hears once that a file is used as it was before
 */
function secretFile(path: string, environment: MapEnvironment, tell: (problem: string) => void): () => Secrets {
  const { clock, sealed, lastGood } = environment;
  const file = new WatchedFile({
    path,
    use: "key",
    safety: environment,
    clock,
    plain: true,
    load: (fd) => readFileSync(fd),
  });
  let [octets, known]: [Buffer | undefined, readonly string[]] = [undefined, []];
  let told: string | undefined;
  const read = (next: Buffer): readonly string[] => {
    if (next !== octets) [octets, known] = [next, secretsIn(next)];
    return known;
  };
  return () => {
    const state = file.current();
    const isClosed = state.kind === "failed" && state.code === "EACCES";
    const now = state.kind === "open" ? state.content : isClosed ? sealed?.get(path) : undefined;
    if (now !== undefined && read(now).length > 0) {
      lastGood?.keep(path, now);
      told = undefined;
      return { known };
    }
    const why = state.kind === "open" || now !== undefined ? " has no secret" : `: ${explainUnopened(state)}`;
    const problem = `secret file ${path}${why}`;
    const before = lastGood?.before(path);
    if (before === undefined) return { problem };
    const stale = `${problem}: what was there before stays in use`;
    if (told !== stale) tell((told = stale));
    return { known: read(before), problem: stale };
  };
}

function secretsIn(octets: Buffer): readonly string[] {
  const lines = octets.toString("latin1").split("\n");
  return lines.map((line) => line.trim()).filter((line) => line !== "");
}

/** As tables say it: `error:D.S.N:"code text"`; in quotes, because rules would join the words around a colon. */
function reversed(answer: ReturnType<typeof srsReverse>): BareResult {
  switch (answer.kind) {
    case "none":
      return MISSING;
    case "address":
      return found(answer.address);
    case "forged":
      return found(`error:5.7.1:"550 SRS address refused: ${answer.reason}"`);
    case "expired":
      return found(`error:5.1.1:"550 SRS address has expired: ${answer.reason}"`);
    case "malformed":
      return found(`error:5.1.1:"550 SRS address is damaged: ${answer.reason}"`);
  }
}

function tellLong(environment: MapEnvironment, name: string, sender: string, octets: number, longest: number): void {
  const text = `srs map "${name}": sender ${sender} stays as it is: the rewritten local part would have ${octets} octets, more than ${longest} (-l)`;
  environment.log("notice", text);
}
