/**
 * The options whose value is looked at when it is set, and what sendmail says about wrong ones. An option that is not
 * here keeps any text.
 */
import { isIPv6 } from "node:net";
import type { ConfigMessages } from "../cf/messages.ts";
import { EX } from "../sys/sysexits.ts";
import type { PortOptions } from "./config.ts";
import { checkLdapDefaults } from "../maps/ldap-options.ts";
import { modifierWords, readPortOptions } from "./daemon-ports.ts";
import { isClassicAddress } from "./endpoints.ts";
import type { ConfigEnvironment } from "./environment.ts";
import {
  BLAME_WORDS,
  MILTER_STAGES,
  NO_RECIPIENT_ACTIONS,
  PRIVACY_WORDS,
  RESOLVER_WORDS,
  SORT_ORDERS,
  TLS_WORDS,
} from "./option-words.ts";
import type { OptionValues } from "./option-values.ts";
import type { TimeUnit } from "./options.ts";
import { nearestWord } from "../source/nearest-word.ts";
import { readOwner } from "./owners.ts";
import { REPLY_TIMEOUTS, timeoutNamed, TIMEOUTS } from "./timeouts.ts";

/** What options change beside their own value. */
export interface OptionEffects {
  /** `name value` of option M. */
  defineMacro(text: string): void;
  /** Member "class:args" of AliasFile; the class is known. */
  addAliasFile(mapClass: string, args: string): void;
  /** A map class of AliasFile, in any letter case. */
  isAliasClass(name: string): boolean;
  /** True when a rule has been cut into tokens: OperatorChars comes too late. */
  rulesRead(): boolean;
}

/** Where the outcome of a setting goes. */
export interface OptionTarget {
  readonly values: OptionValues;
  readonly daemonPorts: PortOptions[];
  readonly clientPorts: PortOptions[];
  readonly milter: Map<string, string>;
}

export interface CheckContext {
  readonly messages: ConfigMessages;
  readonly environment: ConfigEnvironment;
  readonly effects: OptionEffects;
  readonly setter: OptionTarget;
  readonly suboption: string | undefined;
  /** Where the suboption stands, counted from the value. */
  readonly subAt: number;
  readonly trace: (text: string) => void;
  /** @param offset index of the time in the value */
  readonly time: (value: string, unit: TimeUnit, offset?: number) => void;
}

type Check = (value: string, context: CheckContext) => void | Promise<void>;

/** Options whose name may have a suboption after a dot. */
export const SUBOPTIONS = new Set(["Timeout", "Milter"]);

/** By name; "g" is the letter option for the group of DefaultUser. */
export const CHECKS: Readonly<Record<string, Check>> = {
  AliasFile: aliasFile,
  DeliveryMode(value, { messages, setter }) {
    if (value !== "" && !/^[biqd]/.test(value)) return messages.stop(`Unknown delivery mode ${value[0]}`);
    setter.values.set("DeliveryMode", value);
  },
  EightBitMode(value, { messages, setter }) {
    if (!/^[msp]/.test(value)) return messages.stop(`Unknown 8-bit mode ${value.slice(0, 1)}`);
    setter.values.set("EightBitMode", value);
  },
  QueueSortOrder(value, { messages, setter }) {
    const order = SORT_ORDERS[value.slice(0, 1).toLowerCase()];
    if (order === undefined) return messages.error(`Invalid queue sort order "${value}"`);
    setter.values.set("QueueSortOrder", order);
  },
  NoRecipientAction(value, { messages, setter }) {
    const action = value.toLowerCase();
    if (!NO_RECIPIENT_ACTIONS.includes(action)) return messages.error(`Invalid NoRecipientAction: ${value}`);
    setter.values.set("NoRecipientAction", action);
  },
  PrivacyOptions(value, { messages, setter }) {
    const words = flagWords(value);
    for (const { word, offset } of words) {
      if (!PRIVACY_WORDS.has(word.toLowerCase())) {
        messages.error(`readcf: Op line: ${word} unrecognized`, { offset, ...meant(word, PRIVACY_WORDS) });
      }
    }
    // Flags are only ever added: a line more, or the command line, cannot take one away.
    const before = setter.values.isSet("PrivacyOptions") ? setter.values.text("PrivacyOptions") : "";
    setter.values.set(
      "PrivacyOptions",
      `${before} ${words
        .map(({ word }) => word)
        .join(" ")
        .toLowerCase()}`.trim(),
    );
  },
  DontBlameSendmail(value, { messages, setter }) {
    const words = flagWords(value);
    for (const { word, offset } of words) {
      if (!BLAME_WORDS.has(word.toLowerCase())) {
        const about = { offset, ...meant(word, BLAME_WORDS) };
        messages.error(`readcf: DontBlameSendmail option: ${word} unrecognized`, about);
      }
    }
    setter.values.set(
      "DontBlameSendmail",
      words
        .map(({ word }) => word)
        .join(" ")
        .toLowerCase(),
    );
  },
  ResolverOptions(value, { messages, setter }) {
    for (const { word: item, offset } of placed(value, /\S+/g)) {
      const word = item.replace(/^[-+]/, "");
      // An old form of the option was a truth value.
      if (word.toLowerCase() !== "true" && !RESOLVER_WORDS.has(word.toLowerCase())) {
        messages.error(`readcf: I option value ${word} unrecognized`, { offset, ...meant(word, RESOLVER_WORDS) });
      }
    }
    setter.values.set("ResolverOptions", value);
  },
  ServerSSLOptions: tlsOptions("ServerSSLOptions"),
  ClientSSLOptions: tlsOptions("ClientSSLOptions"),
  AuthOptions: firstLetters("AuthOptions", /[aAcdfmpy]/),
  TLSSrvOptions: firstLetters("TLSSrvOptions", /[CV]/),
  DefaultUser: owner("DefaultUser", "u"),
  RunAsUser: owner("RunAsUser", "RunAsUser"),
  TrustedUser: async (value, { messages, environment, setter }) => {
    const found = /^[0-9]/.test(value) || (value !== "" && (await environment.users.find(value)) !== undefined);
    if (!found) return messages.error(`readcf: option TrustedUser: unknown user ${value}`);
    setter.values.set("TrustedUser", value);
  },
  g: async (value, { messages, environment, setter }) => {
    const gid = /^[0-9]/.test(value) ? Number.parseInt(value, 10) : value && (await environment.group(value));
    if (typeof gid !== "number") return messages.error(`readcf: option g: unknown group ${value}`);
    setter.values.set("DefaultUser", `${setter.values.text("DefaultUser").split(/[:.]/)[0]}:${gid}`);
  },
  DaemonPortOptions: async (value, { messages, environment, setter, trace }) => {
    const ports = setter.daemonPorts;
    const port = await readPortOptions(value, "daemon", ports.length, messages, environment);
    trace(`Daemon ${port.name} flags: ${modifierWords(port.modifiers)}`);
    ports.push(port);
    setter.values.set("DaemonPortOptions", value);
  },
  ClientPortOptions: async (value, { messages, environment, setter }) => {
    const ports = setter.clientPorts;
    ports.push(await readPortOptions(value, "client", ports.length, messages, environment));
    setter.values.set("ClientPortOptions", value);
  },
  Timeout: timeout,
  QueueTimeout(value, context) {
    const [, returned, warned] = /^([^/]*)(?:\/(.*))?$/s.exec(value) ?? ["", value, undefined];
    setTimeoutOption("queuereturn", returned, context);
    if (warned !== undefined) setTimeoutOption("queuewarn", warned, context, returned.length + 1);
    context.setter.values.set("QueueTimeout", value);
  },
  DeliverByMin(value, { setter, time }) {
    time(value.replace(/^-/, ""), "s", value.startsWith("-") ? 1 : 0);
    setter.values.set("DeliverByMin", value);
  },
  Milter: milter,
  MaxHeadersLength(value, { messages, setter }) {
    const limit = Number.parseInt(value, 10);
    if (limit > 0 && limit < 16_384) {
      messages.warn("Warning: MaxHeadersLength: headers length limit set lower than 16384");
    }
    setter.values.set("MaxHeadersLength", value);
  },
  MaxMimeHeaderLength(value, { messages, setter }) {
    const [header, field = NaN] = value.split("/").map((part) => Number.parseInt(part, 10) || 0);
    if (header > 0 && header < 128) {
      messages.warn("Warning: MaxMimeHeaderLength: header length limit set lower than 128");
    }
    const each = Number.isNaN(field) ? Math.trunc(header / 2) : field;
    if (each > 0 && each < 40) {
      const offset = value.indexOf("/") + 1;
      messages.warn("Warning: MaxMimeHeaderLength: field length limit set lower than 40", { offset });
    }
    setter.values.set("MaxMimeHeaderLength", value);
  },
  OperatorChars(value, { messages, effects, setter }) {
    // One warning for two mistakes: given twice (the later counts), and given below rules (it does not count).
    const late = effects.rulesRead();
    if (late || setter.values.isSet("OperatorChars")) {
      messages.warn("Warning: OperatorChars is being redefined.");
      messages.warnMore("         It should only be set before ruleset definitions.");
    }
    if (!late) setter.values.set("OperatorChars", value);
  },
  ConnectOnlyTo(value, { messages, setter }) {
    // The address of all ones is how the C library says that it found none.
    const usable = isClassicAddress(value) && !/^(?:4294967295|255\.255\.255\.255|0xffffffff)$/i.test(value);
    if (!usable && !isIPv6(value.replace(/^IPv6:/i, "")))
      return messages.error(`readcf: option ConnectOnlyTo: invalid IP address ${value}`);
    setter.values.set("ConnectOnlyTo", value);
  },
  LDAPDefaultSpec(value, { messages, setter }) {
    const dontBlame = new Set(setter.values.text("DontBlameSendmail").split(" "));
    const { problems, usable } = checkLdapDefaults(value, "O LDAPDefaultSpec", { dontBlame });
    for (const { text, system, offset } of problems) {
      messages.error(text, { exit: system ? EX.OSERR : EX.SOFTWARE, offset });
    }
    if (usable !== undefined) setter.values.set("LDAPDefaultSpec", usable);
  },
  SmtpUTF8(value, { messages, setter }) {
    if (value !== "" && !/^[tTyY]/.test(value)) messages.warn("Warning: Option: SmtpUTF8 requires USE_EAI support");
    setter.values.set("SmtpUTF8", value);
  },
};

/** Map classes that compute their values. */
const NO_ALIASES = new Set("arith arpa bestmx dequote dns host macro regex user userdb".split(" "));

/** "hash:/etc/mail/aliases, text:-k1 /etc/other": each member is tried in order. */
function aliasFile(value: string, { messages, effects, setter }: CheckContext): void {
  for (const { word: member, offset } of placed(value, /[^,\s](?:[^,]*[^,\s])?/g)) {
    const [, mapClass, args] = /^([^:/\s]*):(.*)$/s.exec(member) ?? [member, "implicit", member];
    if (effects.isAliasClass(mapClass) && NO_ALIASES.has(mapClass.toLowerCase())) {
      messages.error(`setalias: map class ${mapClass} can't handle aliases`, { offset });
    } else if (effects.isAliasClass(mapClass)) effects.addAliasFile(mapClass.toLowerCase(), args);
    else messages.error(`setalias: unknown alias class ${mapClass}`, { offset });
  }
  const before = setter.values.isSet("AliasFile") ? `${setter.values.text("AliasFile")},` : "";
  setter.values.set("AliasFile", before + value);
}

/** The parts of a value with their places. */
function placed(value: string, part: RegExp): { readonly word: string; readonly offset: number }[] {
  return [...value.matchAll(part)].map(({ 0: word, index }) => ({ word, offset: index }));
}

/** What a word that is not known may stand for. */
function meant(word: string, words: ReadonlySet<string>): { readonly help?: string } {
  const near = nearestWord(word, [...words]);
  return near === undefined ? {} : { help: `is ${near} meant?` };
}

function tlsOptions(name: string): Check {
  return (value, { messages, setter }) => {
    // A comma with nothing in front of it is an empty word.
    for (const { word: item, offset } of placed(value, /[^\s,]+|(?<=^\s*),/g)) {
      const word = item.replace(/^[-+,]/, "");
      if (!/^[0-9]/.test(word) && !TLS_WORDS.has(word.toUpperCase())) {
        messages.error(`readcf: ${name} option value ${word} unrecognized`, { offset, ...meant(word, TLS_WORDS) });
      }
    }
    setter.values.set(name, value);
  };
}

/** Words of which only the first letter counts. */
function firstLetters(name: string, known: RegExp): Check {
  return (value, { messages, setter }) => {
    for (const { word, offset } of placed(value, /[^\s,]+/g)) {
      const letter = word[0] < "\x80" ? word[0] : "?";
      if (!known.test(letter)) messages.warn(`Warning: Option: ${name} unknown parameter '${letter}'`, { offset });
    }
    setter.values.set(name, value);
  };
}

function owner(name: string, shown: string): Check {
  return async (value, { messages, environment, setter }) => {
    const reading = await readOwner(value, environment);
    if (reading.kind !== "owner") {
      const offset = Math.max(0, value.indexOf(reading.name));
      return messages.error(`readcf: option ${shown}: ${reading.kind} ${reading.name}`, { offset });
    }
    setter.values.set(name, value);
  };
}

function timeout(value: string, context: CheckContext): void {
  const { suboption, subAt, setter, messages, time } = context;
  if (suboption !== undefined) {
    if (timeoutNamed(suboption) !== undefined) return setTimeoutOption(suboption, value, context);
    const near = nearestWord(suboption, [...TIMEOUTS.keys()]);
    const help = near === undefined ? {} : { help: `is ${near} meant?` };
    return messages.error(`settimeout: invalid timeout ${suboption}`, { offset: subAt, ...help });
  }
  // The oldest form: one time for all replies, or "name=value" parts.
  for (const part of value.split(",").map((each) => each.trim())) {
    const [, name, of] = /^([^=]*)=(.*)$/s.exec(part) ?? [];
    if (name !== undefined) {
      if (timeoutNamed(name) !== undefined) setTimeoutOption(name, of, context);
      else messages.error(`settimeout: invalid timeout ${name}`);
    } else if (/^[0-9]/.test(part)) {
      time(part, "m");
      for (const each of REPLY_TIMEOUTS) setter.values.setTimeout(each, part);
    }
  }
}

/** Words of letters and digits. Octets beyond ASCII end a word, and are an empty one where none has begun. */
function flagWords(value: string): { readonly word: string; readonly offset: number }[] {
  return [...value.matchAll(/([A-Za-z0-9]+)[^]?|[\x80-\xff]/g)].map(({ 1: word = "", index }) => ({
    word,
    offset: index,
  }));
}

function setTimeoutOption(name: string, value: string, { setter, time }: CheckContext, offset = 0): void {
  const key = name.toLowerCase();
  const row = timeoutNamed(key);
  if (!row) return;
  time(value, row.unit, offset);
  // The times of the queue and of the resolver are read twice, and complained about twice.
  if (/^(?:queue|resolver\.retrans)/.test(key)) time(value, row.unit, offset);
  setter.values.setTimeout(key, value);
}

function milter(value: string, { suboption, subAt, messages, setter }: CheckContext): void {
  if (suboption === undefined) {
    return messages.error("milter_set_option: invalid Milter option, must specify suboption", { offset: subAt - 1 });
  }
  const key = suboption.toLowerCase();
  const stage = key.startsWith("macros.") ? key.slice("macros.".length) : undefined;
  if (key !== "loglevel" && (stage === undefined || !MILTER_STAGES.includes(stage))) {
    return messages.error(`milter_set_option: invalid Milter option ${suboption}`, { offset: subAt });
  }
  const most = 50;
  if (stage !== undefined && value.split(/[,\s]+/).filter((word) => word !== "").length > most) {
    return messages.error(`milter_set_option: too many macros in Milter.${suboption} (max ${most})`);
  }
  setter.milter.set(key, value);
}
