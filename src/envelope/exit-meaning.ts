/** Exit codes of delivery programs and status codes (RFC 3463): what the ones say in terms of the others. */
import { EX } from "../sys/sysexits.ts";

/** "5.1.1": class, subject, detail; no leading zeros (RFC 3463 §2). */
const STATUS_FORM = /^([245])\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/;

export interface ExitMeaning {
  /** SMTP reply code. */
  readonly code: number;
  /** Enhanced status code. */
  readonly status: string;
  readonly text: string;
}

/** What the exit codes of delivery programs mean, in the words that mail logs have always had. */
const EXIT_MEANINGS: ReadonlyMap<number, ExitMeaning> = new Map([
  [EX.OK, { code: 250, status: "2.0.0", text: "Sent" }],
  [EX.USAGE, { code: 500, status: "5.0.0", text: "Command line usage error" }],
  [EX.DATAERR, { code: 501, status: "5.6.0", text: "Data format error" }],
  [EX.NOINPUT, { code: 550, status: "5.3.0", text: "Cannot open input" }],
  [EX.NOUSER, { code: 550, status: "5.1.1", text: "User unknown" }],
  [EX.NOHOST, { code: 550, status: "5.1.2", text: "Host unknown" }],
  [EX.UNAVAILABLE, { code: 554, status: "5.0.0", text: "Service unavailable" }],
  [EX.SOFTWARE, { code: 554, status: "5.3.0", text: "Internal error" }],
  [EX.OSERR, { code: 451, status: "4.0.0", text: "Operating system error" }],
  [EX.OSFILE, { code: 554, status: "5.3.5", text: "System file missing" }],
  [EX.CANTCREAT, { code: 550, status: "5.0.0", text: "Can't create output" }],
  [EX.IOERR, { code: 451, status: "4.0.0", text: "I/O error" }],
  [EX.TEMPFAIL, { code: 450, status: "4.0.0", text: "Deferred" }],
  [EX.PROTOCOL, { code: 554, status: "5.5.0", text: "Remote protocol error" }],
  [EX.NOPERM, { code: 550, status: "5.0.0", text: "Insufficient permission" }],
  [EX.CONFIG, { code: 554, status: "5.3.5", text: "Local configuration error" }],
]);

/** The meaning of an exit code; one that no program should use is a permanent failure "unknown mailer error N". */
export function exitMeaning(exit: number): ExitMeaning {
  return EXIT_MEANINGS.get(exit) ?? { code: 554, status: "5.3.0", text: `unknown mailer error ${exit}` };
}

const EXITS_BY_STATUS: ReadonlyMap<string, number> = new Map([
  ["5.1.1", EX.NOUSER],
  ["5.1.2", EX.NOHOST],
  ["5.1.3", EX.USAGE],
  ["5.1.4", EX.NOUSER],
  ["5.1.6", EX.NOUSER],
  ["5.1.8", EX.NOHOST],
  ["5.1.10", EX.NOHOST],
  ["5.2.1", EX.UNAVAILABLE],
  ["5.2.2", EX.UNAVAILABLE],
  ["5.3.5", EX.CONFIG],
  ["5.4.6", EX.CONFIG],
  ["5.6.0", EX.DATAERR],
]);
const EXITS_BY_SUBJECT: readonly number[] = [
  EX.UNAVAILABLE,
  EX.DATAERR,
  EX.UNAVAILABLE,
  EX.SOFTWARE,
  EX.IOERR,
  EX.PROTOCOL,
  EX.DATAERR,
  EX.UNAVAILABLE,
];

/** The exit code that says about the same as a status code (`$#error $@ 5.1.1`, exit status of `sendmail -t`). */
export function exitOfStatus(code: string): number {
  const [, digit, subject] = STATUS_FORM.exec(code) ?? [];
  if (digit === "2") return EX.OK;
  if (digit === "4") return EX.TEMPFAIL;
  return EXITS_BY_STATUS.get(code) ?? EXITS_BY_SUBJECT[Number(subject)] ?? EX.UNAVAILABLE;
}
