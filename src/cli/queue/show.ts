/** `rulemail queue show ID`: a message as it stands in the queue: what is known about it, its header, its body. */
import type { Argv } from "yargs";
import type { QueuedMessage } from "../../control/queue-answers.ts";
import type { Recipient } from "../../envelope/recipient.ts";
import { formatField } from "../../mail/header.ts";
import { CrlfToLf } from "../../queue/line-ends.ts";
import { EX } from "../../sys/sysexits.ts";
import { asciiJson } from "../../sys/terminal-text.ts";
import type { CommandStreams } from "../command-streams.ts";
import type { Order, QueueCommand } from "./command.ts";
import type { Desk } from "./desk.ts";
import { withDesk } from "./open-desk.ts";
import { SelectionError } from "./selection.ts";
import { address, moment, nextTime } from "./words.ts";

/** Parts of a message that can be asked for. */
const PARTS = ["envelope", "header", "body"] as const;
type Part = (typeof PARTS)[number];

export const showCommand: QueueCommand = {
  usage: "ID...",
  says: "the message: envelope, header, body",
  options: (parser: Argv) =>
    parser
      .option("envelope", { type: "boolean", describe: "only what is known about it" })
      .option("header", { type: "boolean", describe: "only its header" })
      .option("body", { type: "boolean", describe: "only its body (with --json: the body, too)" })
      .option("raw", { type: "boolean", describe: "header and body as they are, without anything else: for a file" }),
  run: runShow,
};

async function runShow({ words, options, place, json, output, errors, now }: Order): Promise<number> {
  if (words.length === 0) throw new SelectionError("name a queue id");
  const asked = PARTS.filter((part) => options[part] === true);
  const raw = options["raw"] === true;
  if (raw && asked.length > 0)
    throw new SelectionError("--raw is header and body: no other part can be named beside it");
  const parts = new Set<Part>(raw ? ["header", "body"] : asked.length > 0 || json ? asked : PARTS);
  return withDesk(place, async (desk) => {
    let exit: number = EX.OK;
    for (const id of words) {
      const found = json
        ? await showJson(desk, id, parts.has("body"), output)
        : await showText(desk, id, { parts, plain: raw, output, now });
      if (found) continue;
      errors.line(`rulemail queue show: ${id} is not in the queue`);
      exit = EX.NOINPUT;
    }
    return exit;
  });
}

/** The body as latin1: one code unit for each octet. */
async function showJson(desk: Desk, id: string, body: boolean, output: CommandStreams["output"]): Promise<boolean> {
  const shown = await desk.show(id, body);
  if (shown === undefined) return false;
  const chunks: Buffer[] = [];
  for await (const chunk of shown.body) if (body) chunks.push(chunk);
  const more = body ? { body: Buffer.concat(chunks).toString("latin1") } : {};
  output.line(asciiJson({ ...shown.message, ...more }));
  return true;
}

interface Showing {
  readonly parts: ReadonlySet<Part>;
  /** Without headings. */
  readonly plain: boolean;
  readonly output: CommandStreams["output"];
  readonly now: number;
}

async function showText(desk: Desk, id: string, { parts, plain, output, now }: Showing): Promise<boolean> {
  const shown = await desk.show(id, parts.has("body"));
  if (shown === undefined) return false;
  const { message } = shown;
  const heading = (part: string): void => {
    if (!plain && parts.size > 1) output.line(`*** ${part} of ${id}`);
  };
  if (parts.has("envelope")) {
    heading("envelope");
    for (const line of envelopeLines(message, now)) output.line(line);
  }
  if (parts.has("header")) {
    heading("header");
    for (const field of message.entry.envelope.headers) output.print(formatField(field).replaceAll("\r\n", "\n"));
    if (plain) output.line("");
  }
  if (parts.has("body")) heading("body");
  const toLf = new CrlfToLf();
  for await (const chunk of shown.body) output.print(toLf.convert(chunk).toString("latin1"));
  output.print(toLf.end().toString("latin1"));
  return true;
}

/** @param now milliseconds since the epoch */
function* envelopeLines({ entry, claimed, waits }: QueuedMessage, now: number): Generator<string, void, undefined> {
  const { envelope, group, priority, attempts, lastTry, nextTry, hold } = entry;
  const facts: readonly (readonly [string, string | undefined])[] = [
    ["sender", `<${envelope.sender}>`],
    ["arrived", moment(envelope.arrived)],
    ["queue group", group],
    ["priority", String(Math.round(priority))],
    ["attempts", String(attempts)],
    ["last attempt", lastTry === undefined ? undefined : moment(lastTry)],
    ["next attempt", claimed ? "going on now" : nextTime(nextTry, now)],
    ["held", hold],
    ["waits", waits],
    ["body", `${envelope.bodySize} octets${envelope.eightBit ? ", eight bits" : ""}`],
    ["BODY=", envelope.bodyType],
    ["SMTPUTF8", envelope.smtputf8 ? "yes" : undefined],
    ["RET=", envelope.ret],
    ["ENVID=", envelope.envid],
    ["AUTH=", envelope.auth],
    ["BY=", envelope.deliverBy && `${envelope.deliverBy.seconds};${envelope.deliverBy.mode}`],
    ["REQUIRETLS", envelope.requireTls === true ? "yes" : undefined],
    ["report", envelope.isReport ? "this message is one" : undefined],
    ["told of delay", envelope.warnedAt === undefined ? undefined : moment(envelope.warnedAt)],
  ];
  for (const [name, value] of facts) if (value !== undefined) yield `${name.padEnd(NAME)} ${value}`;
  for (const recipient of envelope.recipients) yield `${"recipient".padEnd(NAME)} ${recipientText(recipient)}`;
  for (const [name, value] of Object.entries(envelope.macros)) {
    yield `${"macro".padEnd(NAME)} ${name.length === 1 ? `$${name}` : `\${${name}}`} ${value}`;
  }
}

const NAME = 13;

function recipientText({ given, state, resolved, rerouted, orcpt, notify, rights, owner, status }: Recipient): string {
  const triple = resolved && `${resolved.mailer}/${resolved.host}/${resolved.user}`;
  const facts = [
    state,
    ...(triple === undefined ? [] : [`mailer/host/user ${triple}`]),
    ...(rerouted === undefined ? [] : ["rerouted by an operator"]),
    ...(orcpt === undefined ? [] : [`ORCPT=${orcpt}`]),
    ...(notify === undefined ? [] : [`NOTIFY=${notify.join(",")}`]),
    ...(rights === undefined ? [] : [`rights of ${rights.user} (${rights.uid}/${rights.gid})`]),
    ...(owner === undefined ? [] : [`owner ${owner}`]),
    ...(status === undefined ? [] : [status.text]),
  ];
  return `${address(given)} ${facts.join("; ")}`;
}
