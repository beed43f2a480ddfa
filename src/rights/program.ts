/** The task behind mailers that are programs: starts one as a user (program-command.ts), with a message on its standard input. */
import { getSystemErrorName } from "node:util";
import { EX } from "../sys/sysexits.ts";
import { type ChildResult, runChild } from "./child.ts";
import { commandFor, type ProgramWords } from "./program-command.ts";
import { type ProgramTask, fromSystemError, type TaskArgument, type TaskResult } from "./task.ts";

/** Output that goes into the report to the sender. */
const OUTPUT_LIMIT = 4096;
/** When the mailer has no W=: a program that takes longer than that will not end. */
const LONGEST_RUN = 3600_000;

export interface ProgramArgument extends TaskArgument, ProgramWords {
  readonly path: string;
  readonly argv: readonly string[];
  readonly environment: readonly string[];
  readonly folders: readonly string[];
  readonly nice: number;
  readonly root: string;
  /** ms, 0 for the default. */
  readonly timeout: number;
}

export const runProgram: ProgramTask = async (argument, input, identity, signal) => {
  const given = argument as ProgramArgument;
  const command = commandFor(given, identity);
  if (command === undefined) {
    return { kind: "later", status: "4.3.0", text: `cannot be run in ${given.folders.join(" or ")}` };
  }
  const options = {
    ...command,
    timeout: given.timeout || LONGEST_RUN,
    outputLimit: OUTPUT_LIMIT,
    signal,
  };
  return resultOf(
    await runChild(options, async function* () {
      yield* input.chunks();
    }),
    command.reports,
  );
};

/** @param reports the starter was there to say how far it came */
function resultOf(result: ChildResult, reports: boolean): TaskResult {
  const { exit, signalName, output, startError, inputError, timedOut, aborted, report } = result;
  if (startError !== undefined) return fromSystemError(startError, "cannot be run");
  if (aborted) return { kind: "later", status: "4.3.2", text: "was interrupted", output };
  if (timedOut) return { kind: "later", status: "4.3.0", text: "took too long", output };
  if (reports && report !== ".") return notStarted(report, output);
  if (inputError !== undefined) {
    return { kind: "later", status: "4.3.0", text: `did not get the whole message (${inputError.message})`, output };
  }
  if (exit === undefined) return { kind: "later", status: "4.3.0", text: `died with ${signalName}`, output };
  if (exit === 0) return { kind: "done", status: "2.0.0", text: "" };
  const temporary = exit === EX.TEMPFAIL || exit === EX.OSERR || exit === EX.IOERR;
  return { kind: temporary ? "later" : "never", status: temporary ? "4.0.0" : "5.0.0", text: "", exit, output };
}

/** "" rights were not given up, ".D" no working folder, ".E13" the system would not begin it. */
function notStarted(report: string, output: string): TaskResult {
  const number = /^\.E(\d+)$/.exec(report)?.[1];
  if (number === undefined) {
    const reason = report === ".D" ? "in any of its folders" : "as this user";
    return { kind: "later", status: "4.3.0", text: `cannot be run ${reason}`, output };
  }
  const code = getSystemErrorName(-Number(number));
  return fromSystemError(Object.assign(new Error(code), { code }), "cannot be run");
}
