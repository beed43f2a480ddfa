/**
 * `editmap`: looks up (-q), changes (-u) or removes (-x) one entry of a database.
 *
 *     editmap -u hash /etc/mail/access spam.example REJECT
 *
 * A database is constant: a change writes it anew. Two editmaps at the same time wait for each other.
 */
import { DatabaseBuilder } from "../maps/build.ts";
import { foldCase } from "../rewriting/fold-case.ts";
import { dotlock } from "../sys/lock.ts";
import { EX } from "../sys/sysexits.ts";
import { octetsForTerminal } from "../sys/terminal-text.ts";
import { type CommandStreams, processStreams } from "./command-streams.ts";
import { CommandError, DatabaseTarget, readDontBlame, runToStatus, withoutNul } from "./database-target.ts";
import { readShortOptions } from "./short-options.ts";

const USAGE = 'Usage: editmap [-C cffile] [-N] [-f] [-q|-u|-x] maptype mapname key [ "value ..." ]';
/** How long to wait for another editmap; ms. */
const PATIENCE = { timeout: 10_000, staleAfter: 60_000 };

/** @param words the words after the program's name. Resolves with the exit status. */
export function runEditmap(words: readonly string[], streams: CommandStreams = processStreams()): Promise<number> {
  return runToStatus(streams, () => editmap(words, streams));
}

async function editmap(words: readonly string[], streams: CommandStreams): Promise<number> {
  const { options, operands, problem } = readShortOptions(words, "C:Nfqux", "editmap");
  if (problem !== undefined) throw new CommandError(`${problem}\n${USAGE}`, EX.USAGE);
  const dontBlame = readDontBlame("editmap", options.get("C")?.at(-1));
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
  const lock = await dotlock(target.path, PATIENCE);
  if (lock.kind !== "locked") throw target.failure(lock.kind === "timeout" ? "locked by another editmap" : lock.reason);
  try {
    if (!change(target, key, action === "u" ? value + end : undefined, streams)) {
      streams.errors.line(`editmap: key ${withoutNul(key)} doesn't exist in map ${name}`);
    }
  } finally {
    await lock.release();
  }
  return EX.OK;
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
 * @returns false when there was nothing to leave out
 */
function change(target: DatabaseTarget, key: string, value: string | undefined, streams: CommandStreams): boolean {
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
  target.write(builder, streams);
  return true;
}
