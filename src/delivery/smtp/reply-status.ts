/**
 * SMTP replies and broken connections → outcomes of recipients, with the words sendmail uses for them.
 */
import { deferred, failed, type Outcome, type OutcomeDetails, sent } from "../outcome.ts";
import type { ClientFailure } from "./failure.ts";

/** Who answered: "mx.b.test." and "192.0.2.1". */
export interface Peer {
  readonly name: string;
  readonly relay: string;
}

/** Enhanced codes for replies that carry none (RFC 3463 §3), by SMTP code. */
const CODES: ReadonlyMap<number, string> = new Map([
  [421, "4.4.5"],
  [450, "4.2.0"],
  [451, "4.3.0"],
  [452, "4.3.1"],
  [454, "4.3.5"],
  [455, "4.5.4"],
  [500, "5.5.2"],
  [501, "5.5.2"],
  [502, "5.5.1"],
  [503, "5.5.1"],
  [504, "5.5.4"],
  [550, "5.1.1"],
  [551, "5.1.6"],
  [552, "5.2.2"],
  [553, "5.1.3"],
  [554, "5.5.0"],
  [556, "5.1.10"],
]);

/** `stat=` for permanent refusals of a recipient, by SMTP code; everything else is "Service unavailable". */
const REFUSALS: ReadonlyMap<number, string> = new Map([
  [550, "User unknown"],
  [551, "User unknown"],
  [553, "User unknown"],
  [556, "Host unknown"],
]);

const PARTS = /^(\d{3})(?:[ -]|$)(?:([245]\.\d{1,3}\.\d{1,3})(?:[ ]|$))?/;

/** Code and enhanced code of a reply. The enhanced one counts only if its class agrees with the code. */
export function replyCodes(reply: string, step: Step = "RCPT"): { code: number; status: string; text: string } {
  const parts = PARTS.exec(reply);
  const code = parts === null ? 0 : Number(parts[1]);
  const wanted = String(Math.floor(code / 100));
  const given = parts?.[2];
  const general = `${wanted === "2" || wanted === "5" ? wanted : "4"}.0.0`;
  const assumed = step === "RCPT" || code < 550 ? (CODES.get(code) ?? general) : general;
  const status = given?.startsWith(wanted) ? given : assumed;
  const text = onOneLine(reply).slice(parts?.[0].length ?? 0);
  return { code, status, text };
}

/** Longer texts of a stranger are cut: they go into log, queue and report. */
const LONGEST_TEXT = 1_000;

/** A reply of several lines as one: continuation codes and repeated enhanced codes are dropped. */
export function onOneLine(reply: string): string {
  const text = printable(reply.includes("\n") ? joined(reply) : reply).trimEnd();
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}...` : text;
}

function joined(reply: string): string {
  const [first, ...rest] = reply.split("\n");
  const texts = rest.map((line) => line.replace(/^\d{3}[ -]?(?:[245]\.\d{1,3}\.\d{1,3}(?: |$))?/, ""));
  return [first.replace(/^(\d{3})-/, "$1 "), ...texts].join(" ");
}

/** Log lines and reports are not the place for control characters of a stranger. */
function printable(text: string): string {
  return text.replace(/[\x00-\x08\x0a-\x1f\x7f]+/g, " ");
}

/** At which command a reply came: a 550 to RCPT is about the user, one to MAIL or the message is not. */
export type Step = "connect" | "MAIL" | "RCPT" | "DATA";

function refusal(code: number, step: Step): string {
  if (step === "RCPT") return REFUSALS.get(code) ?? "Service unavailable";
  return step === "MAIL" && (code === 501 || code === 553) ? "Data format error" : "Service unavailable";
}

/**
 * The reply that decided about a recipient.
 * @param accepted what a yes at this step means; without it a yes is no outcome, and the recipient waits
 * @param command what was asked, for reports about a no
 */
export function fromReply(
  reply: string,
  peer: Peer,
  step: Step,
  accepted?: "delivered" | "relayed",
  command?: string,
): Outcome {
  const { code, status, text } = replyCodes(reply, step);
  const line = onOneLine(reply);
  const details: OutcomeDetails = { relay: peer.relay, remoteMta: peer.name, diagnostic: { type: "smtp", text: line } };
  if (code >= 200 && code < 300 && accepted !== undefined) return { ...sent(accepted, text, details), status };
  const answered = command === undefined ? details : { ...details, asked: onOneLine(command) };
  if (code >= 500 && code < 600) return failed(status, refusal(code, step), answered);
  return deferred(status.startsWith("4") ? status : "4.5.0", line, answered);
}

/** 452 and 552 for recipients behind others that were taken: the rest is asked for in a transaction of its own. */
export function saysTooMany(reason: Outcome | undefined): boolean {
  return reason?.status === "4.5.3" || /^452\b.*\btoo many\b/i.test(reason?.diagnostic?.text ?? "");
}

/** Errno → RFC 3463 code and sendmail's words; `%` is the host. */
const SYSTEM_ERRORS: ReadonlyMap<string, readonly [status: string, text: string]> = new Map([
  ["ECONNREFUSED", ["4.4.1", "Connection refused by %"]],
  ["ECONNRESET", ["4.4.2", "Connection reset by %"]],
  ["EPIPE", ["4.4.2", "Connection reset by %"]],
  ["ETIMEDOUT", ["4.4.1", "Connection timed out with %"]],
  ["EHOSTUNREACH", ["4.4.1", "%: No route to host"]],
  ["ENETUNREACH", ["4.4.1", "%: Network is unreachable"]],
  ["EHOSTDOWN", ["4.4.1", "%: Host is down"]],
  ["ENOENT", ["4.4.1", "%: No such file or directory"]],
  ["EACCES", ["4.4.1", "%: Permission denied"]],
]);

/** A connection that failed before there was a reply, or broke: always temporary. */
export function fromFailure(failure: ClientFailure, peer: Peer): Outcome {
  const details: OutcomeDetails = { relay: peer.relay, remoteMta: peer.name };
  if (failure.reply !== undefined) return fromReply(failure.reply, peer, "connect");
  const known = failure.code === undefined ? undefined : SYSTEM_ERRORS.get(failure.code);
  if (known !== undefined) {
    const [status, text] = known;
    return deferred(
      status,
      text.replace("%", () => peer.name),
      details,
    );
  }
  switch (failure.kind) {
    case "timeout":
      return deferred("4.4.2", `Connection timed out with ${peer.name} during ${failure.during}`, details);
    case "tls":
      return deferred("4.7.5", `STARTTLS with ${peer.name} failed: ${failure.message}`, details);
    case "local":
      return deferred("4.3.0", `cannot read the message: ${failure.message}`, details);
    case "aborted":
      return deferred("4.3.2", "delivery interrupted", details);
    case "protocol":
      return deferred("4.5.0", `${peer.name}: ${onOneLine(failure.message)} during ${failure.during}`, details);
    default:
      return deferred("4.4.2", `${peer.name}: connection closed during ${failure.during}`, details);
  }
}
