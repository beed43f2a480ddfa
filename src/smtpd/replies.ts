/** Every reply of the server in one table, in sendmail's words where sendmail has them: scripts and log analysers know them. */
import { type Reply, reply } from "../mail/reply.ts";

export const replies = {
  ok: reply(250, "2.0.0", "OK"),
  reset: reply(250, "2.0.0", "Reset state"),
  verbose: reply(250, "2.0.0", "Verbose mode"),
  senderOk: (shown: string): Reply => reply(250, "2.1.0", `${shown}... Sender ok`),
  recipientOk: (shown: string): Reply => reply(250, "2.1.5", `${shown}... Recipient ok`),
  startData: reply(354, undefined, 'Enter mail, end with "." on a line by itself'),
  startTls: reply(220, "2.0.0", "Ready to start TLS"),
  goodbye: (host: string): Reply => reply(221, "2.0.0", `${host} closing connection`),
  queueRun: (node: string): Reply => reply(250, "2.0.0", `Queuing for node ${node} started`),
  queueEmpty: (node: string): Reply => reply(250, "2.0.0", `No messages waiting for node ${node}`),
  cannotVerify: reply(252, "2.5.2", "Cannot VRFY user; try RCPT to attempt delivery (or try finger)"),

  shuttingDown: (host: string): Reply => reply(421, "4.3.2", `${host} Service shutting down`),
  timeout: (host: string, state: string): Reply =>
    reply(421, "4.4.1", `${host} Timeout waiting for input during ${state}`),
  tooManyBad: (host: string): Reply => reply(421, "4.7.0", `${host} Too many bad commands; closing connection`),
  tooManyConnections: (host: string): Reply => reply(421, "4.3.2", `${host} Too many connections, try again later`),
  internalError: reply(451, "4.3.0", "Internal error; try again later"),
  storage: (reason: string): Reply => reply(452, "4.4.5", `Insufficient disk space; try again later (${reason})`),
  queueUnavailable: reply(452, "4.3.1", "Queue not available; try again later"),
  tooManyRecipients: reply(452, "4.5.3", "Too many recipients"),
  tlsUnavailable: reply(454, "4.3.3", "TLS not available after start"),

  lineTooLong: reply(500, "5.5.2", "Line too long"),
  unrecognized: (line: string): Reply => reply(500, "5.5.1", `Command unrecognized: "${printable(line)}"`),
  argumentRequired: reply(501, "5.5.2", "Argument required"),
  parameterSyntax: (scanned: string): Reply =>
    reply(501, "5.5.2", `Syntax error in parameters scanning "${printable(scanned)}"`),
  heloNeedsName: (verb: string): Reply => reply(501, "5.0.0", `${verb} requires domain address`),
  invalidName: reply(501, "5.0.0", "Invalid domain name"),
  notImplemented: (line: string): Reply => reply(502, "5.5.1", `Command not implemented: "${printable(line)}"`),
  verifyRefused: reply(502, "5.7.0", "Sorry, we do not allow this operation"),
  noHelp: (version: string): Reply => reply(502, "5.3.0", `Sendmail ${version} -- HELP not implemented`),
  sayHello: reply(503, "5.0.0", "Polite people say HELO first"),
  twoSenders: reply(503, "5.5.0", "Sender already specified"),
  needMailBeforeRcpt: reply(503, "5.0.0", "Need MAIL before RCPT"),
  needMail: reply(503, "5.0.0", "Need MAIL command"),
  needRecipient: reply(503, "5.0.0", "Need RCPT (recipient)"),
  tlsActive: reply(503, "5.5.0", "TLS already active"),
  rejected: reply(550, "5.0.0", "Command rejected"),
  tooBig: (limit: number): Reply => reply(552, "5.2.3", `Message size exceeds fixed maximum message size (${limit})`),
  unbalanced: (shown: string, problem: string): Reply => reply(553, "5.0.0", `${printable(shown)}... ${problem}`),
  addressRequired: (shown: string): Reply => reply(553, "5.0.0", `${shown}... User address required`),
  notAccepting: (host: string): Reply => reply(554, undefined, `${host} ESMTP not accepting messages`),
  bareLineEnd: reply(554, "5.6.11", "Bare carriage return or line feed in message: lines must end with CRLF"),
  badParameter: (keyword: string): Reply => reply(555, "5.5.4", `${printable(keyword)} parameter unrecognized`),
} as const;

/** What a client typed, fit to be repeated in a reply: no control characters, not longer than a line may be. */
export function printable(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.slice(0, 200).replace(/[\x00-\x1f\x7f]/g, "?");
}

/** The reply as it goes out: every line with code and enhanced code, CRLF at the ends. */
export function wireText({ code, enhanced, lines }: Reply): string {
  const status = enhanced === undefined ? "" : `${enhanced} `;
  if (lines.length === 1) return `${code} ${status}${clean(lines[0])}\r\n`;
  const last = lines.length - 1;
  return lines.map((line, i) => `${code}${i < last ? "-" : " "}${status}${clean(line)}\r\n`).join("");
}

/** A reply must never be split by what is put into it (rule texts, addresses, DNS names). */
function clean(line: string): string {
  // eslint-disable-next-line no-control-regex
  return /[\x00-\x08\x0a-\x1f\x7f]/.test(line) ? line.replace(/[\x00-\x08\x0a-\x1f\x7f]/g, " ") : line;
}

/** The same reply about an address: "550 5.1.1 <a@b>... User unknown". */
export function about(shown: string, answer: Reply): Reply {
  return { ...answer, lines: answer.lines.map((line) => `${shown}... ${line}`) };
}
