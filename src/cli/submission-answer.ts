/** What a caller of sendmail hears about a message, and the exit status that says it to scripts. */
import type { SubmissionAnswer, SubmissionFacts } from "../control/protocol.ts";
import type { Reply } from "../mail/reply.ts";
import { expansionText } from "../routing/expansion-lines.ts";
import { EX } from "../sys/sysexits.ts";
import { octetsForTerminal } from "../sys/terminal-text.ts";

export interface Listener {
  say(text: string): void;
  complain(text: string): void;
}

/** @returns the exit status */
export function report(
  answer: SubmissionAnswer,
  by: Listener,
  verbose: boolean,
  errorMode: SubmissionFacts["errorMode"] = "p",
): number {
  const { reply, refused = [], told = [] } = answer;
  if (verbose) for (const each of told) by.say(toldLines(each));
  // With -oem and its like the reasons go to the sender by mail, or nowhere.
  const silent = errorMode === "q" || (errorMode !== "p" && reply.code === 250);
  if (!silent) for (const { address, reply: why } of refused) by.complain(`${aboutAddress(address, why)}\n`);
  if (reply.code !== 250 && refused.length === 0) by.complain(`${reply.lines.join("\n")}\n`);
  if (reply.code === 250 && errorMode === "e") return EX.OK;
  const exits = refused.map(({ reply: why }) => exitOf(why));
  return firstExit(exits) ?? answer.exit ?? (reply.code === 250 ? EX.OK : exitOf(reply));
}

/** The one of several that counts; undefined when all is well. What is no address at all says less than the others. */
export function firstExit(exits: readonly number[]): number | undefined {
  const bad = exits.filter((exit) => exit !== EX.OK);
  return bad.find((exit) => exit !== EX.USAGE) ?? bad[0];
}

function toldLines({ address, text, via, dialogue = [] }: NonNullable<SubmissionAnswer["told"]>[number]): string {
  const connecting = via === undefined ? "" : `${address}... Connecting to ${via}...\n`;
  const said = dialogue.map((line) => `${visible(line)}\n`).join("");
  return `${connecting}${said}${expansionText({ address, text })}\n`;
}

const LONGEST_SHOWN = 255;

/** The address stands before reasons that are about it: replies 450, 550 and 553, and delays without a code. */
export function aboutAddress(address: string, { code, lines, exit }: Reply): string {
  const text = lines.join(" ");
  // Complaints about endless addresses bring a short form of them along.
  const named =
    address.length <= LONGEST_SHOWN && (code === 553 || code % 100 === 50 || (code === 451 && exit === EX.TEMPFAIL));
  return visible(named && !text.startsWith(`${address}... `) ? `${address}... ${text}` : text);
}

/** Octets for a terminal. */
export function visible(text: string): string {
  return Buffer.from(octetsForTerminal(text), "latin1").toString("utf8");
}

/**
 * Exit codes that scripts know: what the rule says (`$#error $@`), else 67 for an unknown user, 68 for an unknown host,
 * 64 for what is no address. What waits in the queue is no failure of the caller's.
 */
export function exitOf({ code, enhanced = "", exit }: Reply): number {
  if (exit !== undefined) return exit === EX.TEMPFAIL && code < 500 ? EX.OK : exit;
  if (code < 500) return EX.TEMPFAIL;
  return EXITS.find(([start]) => enhanced.startsWith(start))?.[1] ?? EX.USAGE;
}

const EXITS: readonly (readonly [string, number])[] = [
  ["5.1.1", EX.NOUSER],
  ["5.1.2", EX.NOHOST],
  ["5.2", EX.DATAERR],
  ["5.6", EX.DATAERR],
  ["5.3.5", EX.SOFTWARE],
  ["5.0", EX.UNAVAILABLE],
];
