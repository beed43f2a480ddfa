/** Limits: of messages, of clients, of the load of the machine. */
import type { Check, OptionRow } from "./row.ts";

const deliverByMin: Check = (value, { time }) => {
  time(value.replace(/^-/, ""), "s", value.startsWith("-") ? 1 : 0);
  return value;
};

const headersLength: Check = (value, { row, messages }) => {
  const limit = Number.parseInt(value, 10);
  const least = (row.type === "number" ? row.range?.least : undefined) ?? 0;
  if (limit > 0 && limit < least) {
    messages.warn(`Warning: ${row.name}: headers length limit set lower than ${least}`);
  }
  return value;
};

/** "2048/1024": of a field, and of each parameter; half of the first without the second. */
const mimeHeaderLength: Check = (value, { messages }) => {
  const [header, field = NaN] = value.split("/").map((part) => Number.parseInt(part, 10) || 0);
  if (header > 0 && header < 128) {
    messages.warn("Warning: MaxMimeHeaderLength: header length limit set lower than 128");
  }
  const each = Number.isNaN(field) ? Math.trunc(header / 2) : field;
  if (each > 0 && each < 40) {
    const offset = value.indexOf("/") + 1;
    messages.warn("Warning: MaxMimeHeaderLength: field length limit set lower than 40", { offset });
  }
  return value;
};

export const LIMIT_OPTIONS = [
  {
    name: "MinFreeBlocks",
    code: "b",
    type: "number",
    initial: 100,
    safe: true,
    meaning: "free blocks that a file system must have",
  },
  {
    name: "MaxHopCount",
    code: "h",
    type: "number",
    initial: 25,
    meaning: "Received: fields above which mail loops",
  },
  {
    name: "RefuseLA",
    code: "X",
    type: "number",
    initial: 12,
    meaning: "load above which connections are refused",
  },
  {
    name: "QueueLA",
    code: "x",
    type: "number",
    initial: 8,
    meaning: "load from which mail is only queued, by its priority, when it is set",
  },
  {
    name: "MaxMessageSize",
    code: 0x8a,
    type: "number",
    initial: 0,
    meaning: "octets of a message, 0 for no limit",
  },
  {
    name: "MaxDaemonChildren",
    code: 0x8d,
    type: "number",
    initial: 0,
    meaning: "sessions at a time, 0 for no limit",
  },
  {
    name: "ConnectionRateThrottle",
    code: 0x97,
    type: "number",
    initial: 0,
    meaning: "new connections a second",
  },
  {
    name: "MaxRecipientsPerMessage",
    code: 0xa2,
    type: "number",
    initial: 0,
    meaning: "recipients of a message, 0 for no limit",
  },
  {
    name: "MaxMimeHeaderLength",
    code: 0xa8,
    type: "text",
    initial: "2048/1024",
    check: mimeHeaderLength,
    meaning: "octets of a MIME field and of a parameter; what is longer is cut",
  },
  {
    name: "MaxHeadersLength",
    code: 0xaa,
    type: "number",
    initial: 32_768,
    range: { least: 16_384 },
    check: headersLength,
    meaning: "octets of a message's header",
  },
  {
    name: "BadRcptThrottle",
    code: 0xc3,
    type: "number",
    initial: 0,
    meaning: "refused recipients after which each more is answered slowly",
  },
  {
    name: "DeliverByMin",
    code: 0xc4,
    type: "time",
    unit: "s",
    initial: "0",
    check: deliverByMin,
    meaning: "shortest time that BY= with R may ask for; below 0: DELIVERBY is not offered",
  },
  {
    name: "DelayLA",
    code: 0xcd,
    type: "number",
    initial: 0,
    meaning: "load above which answers wait a second",
  },
  {
    name: "RejectLogInterval",
    code: 0xd1,
    type: "time",
    unit: "h",
    initial: "3h",
    meaning: "time between two lines about refusing connections",
  },
  {
    name: "ConnectionRateWindowSize",
    code: 0xd3,
    type: "time",
    unit: "s",
    initial: "60",
    meaning: "window of {client_rate} and {total_rate}",
  },
  {
    name: "MaxNOOPCommands",
    code: 0xdc,
    type: "number",
    initial: 20,
    meaning: "useless commands before answers become slow",
  },
  {
    name: "MaxConnectionsPerClient",
    type: "number",
    initial: 100,
    extension: true,
    meaning: "connections of one client at a time (IPv6: of one network of 64 bits), 0 for no limit",
  },
  {
    name: "BadRcptShutdown",
    code: 0xe1,
    type: "number",
    initial: 0,
    meaning: "refused recipients of a message after which the session ends, 0 for no limit",
  },
  {
    name: "BadRcptShutdownGood",
    code: 0xe2,
    type: "number",
    initial: 0,
    meaning: "per cent of good recipients that save such a session, 0 for none",
  },
] as const satisfies readonly OptionRow[];
