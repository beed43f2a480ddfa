/** The task behind mailers that are programs: runs one with a message on its standard input. */
import { access, constants } from "node:fs/promises";
import { type ChildResult, runChild } from "../rights/child.ts";
import { EX } from "../sys/sysexits.ts";
import { fromSystemError, type TaskArgument, type TaskInput, type TaskResult } from "../rights/task.ts";

/** Where programs look for others. */
export const SAFE_PATH = "/usr/local/bin:/usr/bin:/bin";
/** Output that goes into the report to the sender. */
const OUTPUT_LIMIT = 4096;
/** When the mailer has no W=: a program that takes longer than that will not end. */
const LONGEST_RUN = 3600_000;

export interface ProgramArgument extends TaskArgument {
  readonly path: string;
  readonly argv: readonly string[];
  /** Lines NAME=value. */
  readonly environment: readonly string[];
  /** Folders to try as working folder. */
  readonly folders: readonly string[];
  /** ms, 0 for the default. */
  readonly timeout: number;
}

export async function pipeToProgram(
  argument: TaskArgument,
  input: TaskInput,
  signal: AbortSignal,
): Promise<TaskResult> {
  const { path, argv, environment, folders, timeout } = argument as ProgramArgument;
  const folder = await firstUsable(folders);
  if (folder === undefined) return { kind: "later", status: "4.3.0", text: `cannot be run in ${folders.join(" or ")}` };
  const options = {
    path,
    argv,
    environment: Object.fromEntries(environment.map((line) => splitOnce(line, "="))),
    folder,
    timeout: timeout || LONGEST_RUN,
    outputLimit: OUTPUT_LIMIT,
    signal,
  };
  return resultOf(await runChild(options, input));
}

function resultOf(result: ChildResult): TaskResult {
  const { exit, signalName, output, startError, inputError, timedOut, aborted } = result;
  if (startError !== undefined) return fromSystemError(startError, "cannot be run");
  if (aborted) return { kind: "later", status: "4.3.2", text: "was interrupted", output };
  if (timedOut) return { kind: "later", status: "4.3.0", text: "took too long", output };
  if (inputError !== undefined) {
    return { kind: "later", status: "4.3.0", text: `did not get the whole message (${inputError.message})`, output };
  }
  if (exit === undefined) return { kind: "later", status: "4.3.0", text: `died with ${signalName}`, output };
  if (exit === 0) return { kind: "done", status: "2.0.0", text: "" };
  const temporary = exit === EX.TEMPFAIL || exit === EX.OSERR || exit === EX.IOERR;
  return { kind: temporary ? "later" : "never", status: temporary ? "4.0.0" : "5.0.0", text: "", exit, output };
}

async function firstUsable(folders: readonly string[]): Promise<string | undefined> {
  for (const folder of folders) {
    try {
      await access(folder, constants.X_OK);
      return folder;
    } catch {
      // The next one.
    }
  }
  return undefined;
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}
