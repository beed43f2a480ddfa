/** Every reply of the server in one table, in sendmail's words where sendmail has them: scripts and log analysers know them. */
import { isUtf8 } from "node:buffer";
import { inAscii, printable, withoutControls } from "../mail/printable.ts";
import { type Reply, reply } from "../mail/reply.ts";
import { COMMAND_REJECTED } from "../reception/filter-judges.ts";

export const replies = {
  ok: reply(250, "2.0.0", "OK"),
  reset: reply(250, "2.0.0", "Reset state"),
  verbose: reply(250, "2.0.0", "Verbose mode"),
  senderOk: (shown: string): Reply => reply(250, "2.1.0", `${shown}... Sender ok`),
  recipientOk: (shown: string): Reply => reply(250, "2.1.5", `${shown}... Recipient ok`),
  help: (lines: readonly string[]): Reply => reply(214, "2.0.0", ...lines, "End of HELP info"),
  startData: reply(354, undefined, "End data with <CR><LF>.<CR><LF>"),
  challenge: (text: string): Reply => reply(334, undefined, text),
  authOk: reply(235, "2.0.0", "OK Authenticated"),
  startTls: reply(220, "2.0.0", "Ready to start TLS"),
  goodbye: (host: string): Reply => reply(221, "2.0.0", `${host} closing connection`),
  queueRun: (node: string): Reply => reply(250, "2.0.0", `Queuing for node ${node} started`),
  groupRun: (group: string): Reply => reply(250, "2.0.0", `Queuing for queue group ${group} started`),
  queueEmpty: (node: string): Reply => reply(250, "2.0.0", `No messages waiting for node ${node}`),
  cannotVerify: reply(252, "2.5.2", "Cannot VRFY user; try RCPT to attempt delivery (or try finger)"),

  shuttingDown: (host: string): Reply => reply(421, "4.3.2", `${host} Service shutting down`),
  noGreeting: (host: string): Reply => reply(421, "4.3.0", `${host} Internal error; try again later`),
  timeout: (host: string, state: string): Reply =>
    reply(421, "4.4.1", `${host} Timeout waiting for input during ${state}`),
  tooManyBad: (host: string): Reply => reply(421, "4.7.0", `${host} Too many bad commands; closing connection`),
  lineTooLong: (host: string, relay: string): Reply =>
    reply(421, "4.7.0", `${host} Command too long, possible attack ${relay}`),
  tooManyBadRecipients: (host: string): Reply =>
    reply(421, "4.7.0", `${host} Too many bad recipients; closing connection`),
  openProxy: (host: string, relay: string): Reply => reply(421, "4.7.0", `${host} Rejecting open proxy ${relay}`),
  tooManyConnections: (host: string): Reply => reply(421, "4.3.2", `${host} Too many connections, try again later`),
  tooManyOpen: (host: string): Reply => reply(421, "4.3.2", `${host} Too many open connections`),
  tooBusy: (host: string): Reply => reply(421, "4.3.2", `${host} Too much to do here, try again later`),
  internalError: reply(451, "4.3.0", "Internal error; try again later"),
  featuresUnknown: reply(450, "4.3.0", "Please try again later."),
  storage: (reason: string): Reply => reply(452, "4.4.5", `Insufficient disk space; try again later (${reason})`),
  queueUnavailable: reply(452, "4.3.1", "Queue not available; try again later"),
  tooManyRecipients: reply(452, "4.5.3", "Too many recipients"),
  queueUnknown: (group: string): Reply => reply(459, "4.5.4", `Queue ${group} unknown`),
  authTemporary: reply(454, "4.7.0", "Temporary authentication failure"),
  tlsNotNow: reply(454, "4.3.3", "TLS currently not available"),
  tlsUnavailable: reply(454, "4.3.3", "TLS not available after start"),

  authLineTooLong: reply(500, "5.5.6", "AUTH exchange line is too long"),
  unrecognized: (line: string): Reply => reply(500, "5.5.1", `Command unrecognized: "${printable(line)}"`),
  parameterRequired: reply(500, "5.5.2", "Parameter required"),
  argumentRequired: reply(501, "5.5.2", "Argument required"),
  parameterSyntax: (scanned: string): Reply =>
    reply(501, "5.5.2", `Syntax error in parameters scanning "${printable(scanned)}"`),
  noParameters: reply(501, "5.5.2", "Syntax error (no parameters allowed)"),
  mechanismNeeded: reply(501, "5.5.2", "AUTH mechanism must be specified"),
  badInitialBase64: reply(501, "5.5.4", "cannot BASE64 decode the initial response"),
  badBase64: reply(501, "5.5.4", "cannot decode AUTH parameter"),
  authAborted: reply(501, "5.0.0", "AUTH aborted"),
  heloNeedsName: (verb: string): Reply => reply(501, "5.0.0", `${verb} requires domain address`),
  invalidName: reply(501, "5.0.0", "Invalid domain name"),
  unprintable: (address: string, enhanced: "5.1.3" | "5.1.7"): Reply =>
    reply(501, enhanced, `Syntax error in mailbox address "${printable(address)}" (non-printable character)`),
  xclientSyntax: (word: string): Reply => reply(501, "5.5.4", `Bad XCLIENT attribute "${printable(word)}"`),
  chunkSize: reply(501, "5.5.4", "BDAT needs the number of octets, then LAST or nothing"),
  notImplemented: (line: string): Reply => reply(502, "5.5.1", `Command not implemented: "${printable(line)}"`),
  verbRefused: reply(502, "5.7.0", "Verbose unavailable"),
  verifyRefused: reply(502, "5.7.0", "Sorry, we do not allow this operation"),
  noHelp: (version: string): Reply => reply(502, "5.3.0", `Sendmail ${version} -- HELP not implemented`),
  sayHello: reply(503, "5.0.0", "Polite people say HELO first"),
  introduceYourself: reply(503, "5.0.0", "I demand that you introduce yourself first"),
  twoSenders: reply(503, "5.5.0", "Sender already specified"),
  needMailBeforeRcpt: reply(503, "5.0.0", "Need MAIL before RCPT"),
  needMail: reply(503, "5.0.0", "Need MAIL command"),
  needRecipient: reply(503, "5.0.0", "Need RCPT (recipient)"),
  binaryNeedsChunks: reply(503, "5.5.1", "BODY=BINARYMIME needs BDAT"),
  chunksBegun: reply(503, "5.5.1", "Message is being sent with BDAT"),
  xclientInTransaction: reply(503, "5.5.1", "XCLIENT not permitted during a mail transaction"),
  tlsOff: reply(503, "5.5.0", "TLS not available"),
  tlsActive: reply(503, "5.5.0", "TLS already active"),
  helpUnknown: (topic: string): Reply => reply(504, "5.3.0", `HELP topic "${printable(topic)}" unknown`),
  authUnavailable: reply(503, "5.3.3", "AUTH not available"),
  authenticated: reply(503, "5.5.0", "Already Authenticated"),
  authInTransaction: reply(503, "5.5.0", "AUTH not permitted during a mail transaction"),
  noMechanism: (name: string): Reply => reply(504, "5.3.3", `AUTH mechanism ${printable(name)} not available`),
  authRequired: reply(530, "5.7.0", "Authentication required"),
  authFailed: reply(535, "5.7.0", "authentication failed"),
  xclientRefused: reply(550, "5.7.1", "XCLIENT not permitted from this host"),
  rejected: COMMAND_REJECTED,
  invalidSize: reply(552, "5.2.3", "Message size invalid"),
  hugeSize: reply(552, "5.2.3", "Message size exceeds maximum value"),
  tooBig: (limit: number): Reply => reply(552, "5.2.3", `Message size exceeds fixed maximum message size (${limit})`),
  unbalanced: (shown: string, problem: string): Reply => reply(553, "5.0.0", `${shown}... ${problem}`),
  addressRequired: (shown: string): Reply => reply(553, "5.0.0", `${shown}... User address required`),
  needsUtf8: (shown: string): Reply => reply(553, "5.6.7", `${shown}... Address requires SMTPUTF8`),
  notAccepting: (host: string): Reply => reply(554, undefined, `${host} ESMTP not accepting messages`),
  protocolError: reply(554, "5.5.0", "SMTP protocol error"),
  bareLineEnd: reply(554, "5.6.11", "Bare carriage return or line feed in message: lines must end with CRLF"),
  noDsn: (keyword: string): Reply => reply(504, "5.7.0", `Sorry, ${keyword} not supported, we do not allow DSN`),
  hiddenDot: reply(554, "5.6.0", "A line of the message is a dot among NUL octets: others may take it for the end"),
  badParameter: (keyword: string): Reply => reply(555, "5.5.4", `${printable(keyword)} parameter unrecognized`),
} as const;

/**
 * The reply as it goes out: every line with code and enhanced code, CRLF at the ends.
 * @param takesUtf8 the client has said SMTPUTF8 (RFC 6531 §3.7.4); for others octets above 127 become "?"
 */
export function wireText(answer: Reply, takesUtf8 = false): string {
  const { code, enhanced, lines, told } = answer;
  if (told !== undefined) {
    const before = told.map((line) => `050 ${plain(line, takesUtf8)}\r\n`).join("");
    return `${before}${wireText({ ...answer, told: undefined }, takesUtf8)}`;
  }
  const status = enhanced === undefined ? "" : `${enhanced} `;
  const last = lines.length - 1;
  if (last === 0) return `${code} ${status}${plain(lines[0], takesUtf8)}\r\n`;
  return lines.map((line, i) => `${code}${i < last ? "-" : " "}${status}${plain(line, takesUtf8)}\r\n`).join("");
}

function plain(line: string, takesUtf8: boolean): string {
  const text = withoutControls(line, " ");
  return takesUtf8 && isUtf8(Buffer.from(text, "latin1")) ? text : inAscii(text);
}
