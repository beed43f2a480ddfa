/**
 * `editmap`: looks up (-q), changes (-u) or removes (-x) one entry of a database.
 *
 *     editmap -u hash /etc/mail/access spam.example REJECT
 *
 * A database is constant: a change writes it anew. Two editmaps at the same time wait for each other.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type DotLockResult, takeDotLock } from "../mailbox/dot-lock.ts";
import { DatabaseBuilder } from "../maps/build.ts";
import { foldCase } from "../rewriting/fold-case.ts";
import { EX } from "../sys/sysexits.ts";
import { octetsForTerminal } from "../sys/terminal-text.ts";
import { type CommandStreams, processStreams } from "./command-streams.ts";
import { CommandError, DatabaseTarget, readDatabaseSettings, runToStatus, withoutNul } from "./database-target.ts";
import { readShortOptions } from "./short-options.ts";

const USAGE = 'Usage: editmap [-C cffile] [-N] [-f] [-q|-u|-x] maptype mapname key [ "value ..." ]';
/** How long to wait for another editmap, and between two looks; ms. */
const PATIENCE = 10_000;
const PAUSE = 50;
/** A lock that nobody living holds counts for so long, ms. */
const STALE_AFTER = 60_000;

/** @param words the words after the program's name. Resolves with the exit status. */
export function runEditmap(words: readonly string[], streams: CommandStreams = processStreams()): Promise<number> {
  return runToStatus(streams, () => editmap(words, streams));
}

async function editmap(words: readonly string[], streams: CommandStreams): Promise<number> {
  const { options, operands, problem } = readShortOptions(words, "C:Nfqux", "editmap");
  if (problem !== undefined) throw new CommandError(`${problem}\n${USAGE}`, EX.USAGE);
  const { dontBlame, owner } = await readDatabaseSettings("editmap", options.get("C")?.at(-1), streams);
  const actions = ["q", "u", "x"].filter((each) => options.has(each));
  const [mapClass, name, written, value] = operands;
  const [action] = actions;
  if (actions.length !== 1 || operands.length !== (action === "u" ? 4 : 3)) throw new CommandError(USAGE, EX.USAGE);
  const target = new DatabaseTarget("editmap", mapClass, name);
  const end = options.has("N") ? "\0" : "";
  const key = (options.has("f") ? written : foldCase(written)) + end;
  if (action === "q") return query(target, key, streams);
  target.checkWritable(false, dontBlame, streams);
  if (action === "x" && !target.exists()) target.read(() => undefined);
  const taken = await lock(target.path);
  if (taken.kind !== "locked") throw target.failure(taken.kind === "busy" ? "locked by another editmap" : taken.reason);
  try {
    if (!change(target, owner, key, action === "u" ? value + end : undefined, streams)) {
      streams.errors.line(`editmap: key ${withoutNul(key)} doesn't exist in map ${name}`);
    }
  } finally {
    taken.lock.release();
  }
  return EX.OK;
}

async function lock(path: string): Promise<DotLockResult> {
  for (const deadline = Date.now() + PATIENCE; ;) {
    const taken = takeDotLock(path, { staleAfter: STALE_AFTER });
    if (taken.kind !== "busy" || Date.now() >= deadline) return taken;
    await sleep(PAUSE);
  }
}

function query(target: DatabaseTarget, key: string, { output, errors }: CommandStreams): number {
  const value = target.read((table) => table.get(key));
  if (value === undefined) {
    errors.line(`editmap: couldn't find key ${withoutNul(key)} in map ${target.name}`);
    return EX.UNAVAILABLE;
  }
  output.line(octetsForTerminal(withoutNul(value)));
  return EX.OK;
}

/**
 * Writes the database with one entry changed or, without a value, left out.
 * @param owner uid whose the database is to be, if we may give it away
 * @returns false when there was nothing to leave out
 */
function change(
  target: DatabaseTarget,
  owner: number | undefined,
  key: string,
  value: string | undefined,
  streams: CommandStreams,
): boolean {
  const builder = new DatabaseBuilder("keep");
  let present = false;
  if (target.exists()) {
    target.read((table) => {
      for (const [each, old] of table.entries()) {
        if (each !== key) builder.add(each, old);
        else if (!present) {
          present = true;
          if (value !== undefined) builder.add(key, value);
        }
      }
    });
  }
  if (value === undefined && !present) return false;
  if (value !== undefined && !present) builder.add(key, value);
  target.write(builder, streams, owner);
  return true;
}
