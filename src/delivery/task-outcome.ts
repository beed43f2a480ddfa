/** Results of tasks done with a user's rights → outcomes of recipients. */
import { exitName } from "../sys/sysexits.ts";
import type { TaskResult } from "../rights/task.ts";
import { deferred, failed, fromExit, type Outcome, type OutcomeDetails, sent } from "./outcome.ts";

/** @param relay `relay=` of the log: "local", nothing for files */
export function fromTask(result: TaskResult, relay?: string): Outcome {
  const { kind, status, text, exit, output } = result;
  const details: OutcomeDetails = {
    ...(relay === undefined ? {} : { relay }),
    ...(exit === undefined ? {} : { exit }),
    ...diagnosticOf(exit, output),
  };
  if (kind === "done") return sent("delivered", text, details);
  if (exit !== undefined && text === "") return fromExit(exit, details);
  return kind === "later" ? deferred(status, text, details) : failed(status, text, details);
}

/** What a program may say to the sender: some of them print the whole message back. */
const LONGEST_REMARK = 200;

/**
 * For the report to the sender: how a program ended, and the first line that it printed.
 *
 *     Diagnostic-Code: X-UNIX; 67 no such mailbox
 */
function diagnosticOf(exit: number | undefined, output: string | undefined): OutcomeDetails {
  const text = [exit, remarkOf(output)].filter((part) => part !== undefined).join(" ");
  return text === "" ? {} : { diagnostic: { type: "x-unix", text } };
}

/** The first line that a program has printed, as far as it is printable; undefined for none. */
function remarkOf(output: string | undefined): string | undefined {
  const printable = output?.slice(0, 8 * LONGEST_REMARK).replace(/[^\x20-\x7e\r\n]+/g, " ");
  return /[^\s][^\r\n]*/
    .exec(printable ?? "")?.[0]
    .slice(0, LONGEST_REMARK)
    .trimEnd();
}

/**
 * The outcome of a program. When it is to be tried again, queue listing and log say which program it was, how it ended
 * and what it printed:
 *
 *     Deferred: prog mailer (/bin/sh) exited with EX_TEMPFAIL: mailbox is locked
 */
export function fromProgram(result: TaskResult, mailer: { readonly name: string; readonly path: string }): Outcome {
  const outcome = fromTask(result);
  const { kind, exit, text, output } = result;
  if (kind !== "later") return outcome;
  const end = exit === undefined ? text : `exited with ${exitName(exit)}`;
  const remark = remarkOf(output);
  const reason = `${mailer.name} mailer (${mailer.path}) ${end}${remark === undefined ? "" : `: ${remark}`}`;
  return { ...outcome, text: `Deferred: ${reason}` };
}
