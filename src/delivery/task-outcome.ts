/** Results of tasks done with a user's rights → outcomes of recipients. */
import type { TaskResult } from "../sys/user-workers.ts";
import { deferred, failed, fromExit, type Outcome, type OutcomeDetails, sent } from "./outcome.ts";

/** @param relay `relay=` of the log: "local", nothing for programs and files */
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
  const printable = output?.slice(0, 8 * LONGEST_REMARK).replace(/[^\x20-\x7e\r\n]+/g, " ");
  const remark = /[^\s][^\r\n]*/
    .exec(printable ?? "")?.[0]
    .slice(0, LONGEST_REMARK)
    .trimEnd();
  const text = [exit, remark].filter((part) => part !== undefined).join(" ");
  return text === "" ? {} : { diagnostic: { type: "x-unix", text } };
}
