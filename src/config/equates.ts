/** The equates of M, Q and X lines and of ports, and the modifiers of ports: one row each. */
import { NO_GROUPS, NO_PROCESSES, SYSTEM_BUFFERS } from "./reasons.ts";
import type { Setting } from "./setting.ts";

/** M lines; the first letter counts. */
export const MAILER_EQUATES = {
  "/": { meaning: "folder to chroot to" },
  A: { meaning: "arguments, or TCP host [port], FILE path" },
  C: { meaning: "character set of 8-bit text without label, of the sender's mailer" },
  D: { meaning: "folders to run in, colon separated" },
  E: { meaning: "end of line" },
  F: { meaning: "flags" },
  L: { meaning: "octets of a line" },
  M: { meaning: "octets of a message" },
  m: { meaning: "messages on one connection" },
  N: { meaning: "nice value" },
  P: { meaning: "program, or [IPC], [FILE]" },
  Q: { meaning: "queue group" },
  R: { meaning: "rulesets of recipients: envelope/header" },
  r: { meaning: "recipients of one transaction" },
  S: { meaning: "rulesets of senders: envelope/header" },
  T: {
    meaning: "types in reports: MTA/address/diagnostic",
    notActedOn: "error reports name types by the kind of the mailer",
  },
  U: { meaning: "user:group to run as" },
  W: { meaning: "longest run" },
} as const satisfies Readonly<Record<string, Setting>>;

/** Q lines. */
export const QUEUE_EQUATES = {
  F: { meaning: "flags", notActedOn: NO_PROCESSES },
  I: { meaning: "time between two runs" },
  J: { meaning: "messages begun between two runs" },
  N: { meaning: "nice value", notActedOn: NO_PROCESSES },
  P: { meaning: "folder", notActedOn: NO_GROUPS },
  R: { meaning: "messages worked on at once" },
  r: { meaning: "recipients of a message" },
} as const satisfies Readonly<Record<string, Setting>>;

/** X lines. */
export const FILTER_EQUATES = {
  F: { meaning: "what happens when it cannot be asked" },
  S: { meaning: "socket" },
  T: { meaning: "times" },
} as const satisfies Readonly<Record<string, Setting>>;

/** DaemonPortOptions and ClientPortOptions, by the long name. */
export const PORT_EQUATES = {
  address: { meaning: "address or host name" },
  children: { meaning: "sessions at a time" },
  delayla: { meaning: "DelayLA of this port" },
  deliverymode: { meaning: "DeliveryMode of this port" },
  family: { meaning: "inet, inet6 or local" },
  inputmailfilters: { meaning: "mail filters of this port" },
  listen: { meaning: "connections that may wait" },
  modifiers: { meaning: "letters, see below" },
  name: { meaning: "its name" },
  port: { meaning: "number or name" },
  queuela: { meaning: "QueueLA of this port" },
  receivesize: { meaning: "receive buffer", notActedOn: SYSTEM_BUFFERS },
  refusela: { meaning: "RefuseLA of this port" },
  sendsize: { meaning: "send buffer", notActedOn: SYSTEM_BUFFERS },
} as const satisfies Readonly<Record<string, Setting>>;

/** M= of ports. */
export const PORT_MODIFIERS = {
  a: { meaning: "AUTH is needed" },
  A: { meaning: "no AUTH" },
  b: { meaning: "what comes in here goes on from the address that the client has connected to" },
  c: { meaning: "names of hosts are made canonical (for rules)" },
  C: { meaning: "no canonical names (for rules)" },
  E: { meaning: "no ETRN" },
  f: { meaning: "full names are needed (for rules)" },
  h: { meaning: "our name in EHLO, for what comes in here, is that of the address we connect from" },
  L: { meaning: "LMTP: LHLO, and an answer for each recipient (ours)" },
  O: { meaning: "the port may be missing" },
  P: { meaning: "clients come through proxies, which say who they are (ours; option ProxyHosts)" },
  r: { meaning: "relaying for everybody (for rules)" },
  s: { meaning: "TLS from the first octet" },
  S: { meaning: "no STARTTLS" },
  u: { meaning: "names without domain are taken (for rules)" },
} as const satisfies Readonly<Record<string, Setting>>;
