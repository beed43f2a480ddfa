/** What came of a message in a filter: as text, as differences, as JSON. */
import { diffLines } from "../../analysis/diff-lists.ts";
import type { PlainMessage } from "../../milter/edited-message.ts";
import type { Answer, Edit, MacroLists, MacroStage, Negotiated } from "../../milter/filter.ts";
import type { Trial, TrialStep } from "../../milter/trial.ts";

const LONGEST = 70;

/** One value on one line, and not too long for one. */
function short(text: string): string {
  const line = text.replaceAll(/\s*\r?\n\s*/g, " ").trim();
  return line.length <= LONGEST ? line : `${line.slice(0, LONGEST - 3)}...`;
}

const list = (words: Iterable<string>): string => [...words].join(", ") || "nothing";

/**
 * What both agreed on, one thing per line.
 * @param offered what filters are told unless they ask for something else: only what this one wants instead is shown
 */
export function negotiatedLines(negotiated: Negotiated, offered: MacroLists): string[] {
  const { version, edits, unwanted, unanswered, rejectedRecipients, leadingSpace, chunk, macros } = negotiated;
  const also = [
    rejectedRecipients ? "refused recipients too" : "",
    leadingSpace ? "fields with the blank behind the colon" : "",
    chunk > 65_535 ? `packets of up to ${chunk} octets` : "",
  ].filter(Boolean);
  const own = (Object.keys(macros) as MacroStage[]).filter((stage) => macros[stage].join() !== offered[stage].join());
  return [
    `version ${version}; may ask for: ${list(edits)}`,
    ...(unwanted.size > 0 ? [`is not told of: ${list(unwanted)}`] : []),
    ...(unanswered.size > 0 ? [`gives no answer to: ${list(unanswered)}`] : []),
    ...(also.length > 0 ? [`gets ${also.join(", ")}`] : []),
    ...own.map((stage) => `wants these macros at ${stage}: ${macros[stage].join(" ") || "none"}`),
  ];
}

/** The answer as people say it: `continue`, `550 5.7.1 no`. */
function answerText(answer: TrialStep["answer"]): string {
  if (answer.kind === "not-told") return "(is not told)";
  if (answer.kind === "unanswered") return "(gives no answer)";
  return answer.kind === "reply" ? replyText(answer) : answer.kind;
}

function replyText({ code, enhanced, lines }: Extract<Answer, { kind: "reply" }>): string {
  return `reply ${code} ${enhanced === undefined ? "" : `${enhanced} `}${lines.join(" / ")}`;
}

/** `insert-header 0 X-Seen: yes`. */
function editText(edit: Edit): string {
  switch (edit.kind) {
    case "add-header":
      return `add-header ${edit.name}:${valueText(edit.value)}`;
    case "insert-header":
      return `insert-header ${edit.index} ${edit.name}:${valueText(edit.value)}`;
    case "change-header":
      if (edit.value === undefined) return `change-header ${edit.index} ${edit.name} goes`;
      return `change-header ${edit.index} ${edit.name}:${valueText(edit.value)}`;
    case "replace-body":
      return `replace-body ${edit.chunk.length} octets`;
    case "quarantine":
      return `quarantine ${short(edit.reason)}`;
    case "delete-recipient":
      return `delete-recipient ${edit.path}`;
    default:
      return [edit.kind, edit.path, ...edit.parameters].join(" ");
  }
}

const valueText = (value: string): string => ` ${short(value)}`;

/** What becomes of the message, in a sentence. */
function fateText({ fate, error, message, steps, edits }: Trial): string {
  if (fate === "failed") return `failed (${error?.kind ?? "?"}): ${error?.message ?? ""}`;
  if (fate === "discarded") return "discarded: it goes nowhere, and the client is told that all is well";
  const last = steps.at(-1);
  if (fate !== "accepted") return `${fate} at ${last?.step ?? "?"}: ${last ? answerText(last.answer) : ""}`;
  if (message.quarantine !== undefined) return `kept back (quarantine): ${short(message.quarantine)}`;
  const changed = edits.length === 0 ? "as it is" : `with ${edits.length} ${edits.length === 1 ? "edit" : "edits"}`;
  return `accepted, ${changed}`;
}

/** Fields one behind the other that were answered alike are one line. */
function* stepLines(steps: readonly TrialStep[]): Generator<string> {
  for (let at = 0; at < steps.length;) {
    const { step, subject, answer } = steps[at];
    const said = answerText(answer);
    const other = steps.findIndex(
      (each, index) => index > at && (each.step !== "header" || answerText(each.answer) !== said),
    );
    const end = step !== "header" ? at + 1 : other === -1 ? steps.length : other;
    const what = end - at === 1 ? subject : `${subject} ... ${steps[end - 1].subject} (${end - at} fields)`;
    yield `${step.padEnd(LABEL)}${short(what).padEnd(44)} ${said}`;
    at = end;
  }
}

const LABEL = 11;

/** The first line with a label before it. */
function labelled(label: string, lines: readonly string[]): string[] {
  return lines.map((line, index) => `${(index === 0 ? label : "").padEnd(LABEL)}${line}`);
}

/** The whole, for people. */
export function trialLines(name: string, trial: Trial, notes: readonly string[], offered: MacroLists): string[] {
  return [
    ...labelled("filter", [name, ...(trial.negotiated ? negotiatedLines(trial.negotiated, offered) : [])]),
    ...stepLines(trial.steps),
    ...labelled("edits", trial.edits.map(editText)),
    ...labelled("odd", notes),
    ...labelled("result", [fateText(trial)]),
  ];
}

/** The envelope as SMTP says it, then header and body. */
function linesOf({ sender, recipients, fields, body }: PlainMessage): string[] {
  const text = [
    ["MAIL FROM:" + sender.path, ...sender.parameters].join(" "),
    ...recipients.map(({ path, parameters }) => ["RCPT TO:" + path, ...parameters].join(" ")),
    ...fields.map(({ name, value }) => `${name}:${value}`),
    "",
    body.toString("latin1"),
  ];
  return text.join("\r\n").split("\r\n");
}

/** What the filter changed: lines that went and lines that came, without those that stayed. */
export function changedLines(before: PlainMessage, { message }: Trial): string[] {
  const changes = diffLines(linesOf(before), linesOf(message));
  const kept = before.quarantine === message.quarantine ? [] : [`+quarantine: ${message.quarantine ?? ""}`];
  return [...changes.map(({ kind, text }) => `${kind === "removed" ? "-" : "+"}${text}`), ...kept];
}

/** The whole, for programs. */
export function trialDocument(name: string, trial: Trial, notes: readonly string[]): object {
  const { negotiated, steps, edits, fate, error, message } = trial;
  const { body, ...rest } = message;
  return {
    filter: name,
    ...(negotiated && { negotiated: negotiatedDocument(negotiated) }),
    steps,
    edits: edits.map((edit) => ("chunk" in edit ? { kind: edit.kind, text: edit.chunk.toString("latin1") } : edit)),
    notes,
    fate,
    ...(error && { error: { kind: error.kind, message: error.message } }),
    message: { ...rest, body: body.toString("latin1") },
  };
}

/** Sets as lists. */
export function negotiatedDocument(negotiated: Negotiated): object {
  const { edits, unwanted, unanswered, ...rest } = negotiated;
  return { ...rest, edits: [...edits], unwanted: [...unwanted], unanswered: [...unanswered] };
}
