/** Options of receiving: ports, what clients may ask for, mail filters. */
import { modifierWords, readPortOptions } from "../daemon-ports.ts";
import { flagWords, meant, wordsOf } from "./value-words.ts";
import { readNetworks } from "../../sys/networks.ts";
import type { Check, OptionRow } from "./row.ts";

const PRIVACY_WORDS = [
  "public",
  "needmailhelo",
  "needexpnhelo",
  "needvrfyhelo",
  "noexpn",
  "novrfy",
  "noetrn",
  "noverb",
  "noreceipts",
  "nobodyreturn",
  "noactualrecipient",
  "restrictmailq",
  "restrictqrun",
  "restrictexpand",
  "goaway",
  "authwarnings",
] as const;

/** Stages of a session that Milter.macros.STAGE names. */
const MILTER_STAGES: readonly string[] = ["connect", "helo", "envfrom", "envrcpt", "data", "eom", "eoh"];

const privacyOptions: Check = (value, context) => {
  const known = wordsOf(context);
  const words = flagWords(value);
  for (const { word, offset } of words) {
    if (!known.includes(word.toLowerCase())) {
      context.messages.error(`readcf: Op line: ${word} unrecognized`, { offset, ...meant(word, known) });
    }
  }
  // Flags are only ever added: a line more, or the command line, cannot take one away.
  const added = words
    .map(({ word }) => word)
    .join(" ")
    .toLowerCase();
  return `${context.before ?? ""} ${added}`.trim();
};

const daemonPort: Check = async (value, { daemonPorts, messages, environment, trace }) => {
  const port = await readPortOptions(value, "daemon", daemonPorts.length, messages, environment);
  trace(`Daemon ${port.name} flags: ${modifierWords(port.modifiers)}`);
  daemonPorts.push(port);
  return value;
};

const clientPort: Check = async (value, { clientPorts, messages, environment }) => {
  clientPorts.push(await readPortOptions(value, "client", clientPorts.length, messages, environment));
  return value;
};

const networks: Check = (value, { messages, row }) => {
  for (const { word, offset } of readNetworks(value).bad) {
    messages.error(`${row.name}: "${word}" is neither an address nor a network (192.0.2.0/24)`, { offset });
  }
  return value;
};

const sessionThreads: Check = (value, { messages, row }) => {
  const number = value.trim();
  if (number === "0" || number === "1") return number;
  messages.warn(`Warning: Option: ${row.name}: "${value}" is neither 0 nor 1, and 1 is taken`);
  return "1";
};

/** Milter.LogLevel and Milter.macros.STAGE are kept by themselves. */
const milter: Check = (value, { suboption, subAt, messages, milter: settings }) => {
  if (suboption === undefined) {
    messages.error("milter_set_option: invalid Milter option, must specify suboption", { offset: subAt - 1 });
    return undefined;
  }
  const key = suboption.toLowerCase();
  const stage = key.startsWith("macros.") ? key.slice("macros.".length) : undefined;
  const most = 50;
  if (key !== "loglevel" && (stage === undefined || !MILTER_STAGES.includes(stage))) {
    messages.error(`milter_set_option: invalid Milter option ${suboption}`, { offset: subAt });
  } else if (stage !== undefined && value.split(/[,\s]+/).filter((word) => word !== "").length > most) {
    messages.error(`milter_set_option: too many macros in Milter.${suboption} (max ${most})`);
  } else settings.set(key, value);
  return undefined;
};

export const SERVER_OPTIONS = [
  {
    name: "HelpFile",
    code: "H",
    type: "text",
    initial: "/etc/mail/helpfile",
    meaning: "texts of HELP, of SMTP and of test mode",
  },
  {
    name: "DaemonPortOptions",
    code: "O",
    type: "text",
    initial: "",
    adds: true,
    check: daemonPort,
    meaning: "a port to listen on: Name=, Address=, Port=, Family=, Modifiers= ...",
  },
  {
    name: "PrivacyOptions",
    code: "p",
    type: "text",
    initial: "",
    safe: true,
    adds: true,
    range: PRIVACY_WORDS,
    check: privacyOptions,
    meaning: "what clients and users may not ask for",
  },
  {
    name: "SmtpGreetingMessage",
    code: 0x90,
    type: "text",
    initial: "$j Sendmail $v ready at $b",
    meaning: "text of the greeting",
  },
  {
    name: "AllowBogusHELO",
    code: 0x95,
    type: "flag",
    initial: false,
    safe: true,
    meaning: "take HELO without a proper name",
  },
  {
    name: "ClientPortOptions",
    code: 0xaf,
    type: "text",
    initial: "",
    adds: true,
    check: clientPort,
    meaning: "addresses that outgoing connections come from",
  },
  {
    name: "InputMailFilters",
    code: 0xbb,
    type: "text",
    initial: "",
    meaning: "mail filters, in order",
  },
  {
    name: "Milter",
    code: 0xbc,
    type: "text",
    initial: "",
    safe: true,
    suboptions: true,
    adds: true,
    check: milter,
    meaning: "LogLevel and the macros of mail filters",
  },
  {
    name: "SessionThreads",
    type: "number",
    initial: 0,
    extension: true,
    check: sessionThreads,
    meaning: "threads for SMTP sessions: 1, or 0 for none beside that of the queue; from a start of the server on",
  },
  {
    name: "ProxyHosts",
    type: "text",
    initial: "",
    extension: true,
    check: networks,
    meaning:
      "addresses and networks of proxies on ports with M=P: they begin with a PROXY header (1 or 2) that says who the client is",
  },
  {
    name: "XclientHosts",
    type: "text",
    initial: "",
    extension: true,
    check: networks,
    meaning: "addresses and networks that may say with XCLIENT for whom they speak",
  },
  {
    name: "DirectSubmissionModifiers",
    code: 0xc7,
    type: "text",
    initial: "",
    meaning: "{daemon_flags} of mail from the command line",
  },
] as const satisfies readonly OptionRow[];
