/** Results of tasks done with a user's rights → outcomes of recipients. */
import type { TaskResult } from "../sys/user-workers.ts";
import { deferred, failed, fromExit, type Outcome, type OutcomeDetails, sent } from "./outcome.ts";

/** @param relay `relay=` of the log: "local", nothing for programs and files */
export function fromTask(result: TaskResult, relay?: string): Outcome {
  const { kind, status, text, exit, output } = result;
  const details: OutcomeDetails = {
    ...(relay === undefined ? {} : { relay }),
    ...(exit === undefined ? {} : { exit }),
    ...diagnosticOf(output),
  };
  if (kind === "done") return sent("delivered", text, details);
  if (exit !== undefined && text === "") return fromExit(exit, details);
  return kind === "later" ? deferred(status, text, details) : failed(status, text, details);
}

/** What a program printed goes into the report to the sender; the task has limited it. */
function diagnosticOf(output: string | undefined): OutcomeDetails {
  const text = output?.trim() ?? "";
  return text === "" ? {} : { diagnostic: { type: "x-unix", text } };
}
