/** Jobs, mailers and an environment for tests of delivery agents, without a configuration file behind them. */
import { Readable } from "node:stream";
import type { Config, Options } from "../../src/config/config.ts";
import type { Mailer } from "../../src/config/mailer.ts";
import type { Job } from "../../src/delivery/agent.ts";
import type { DeliveryEnvironment } from "../../src/delivery/environment.ts";
import { Destinations } from "../../src/delivery/smtp/destinations.ts";
import { openNames } from "../../src/dns/names.ts";
import type { DnsAnswer, Resolver } from "../../src/dns/resolver.ts";
import type { Envelope } from "../../src/envelope/envelope.ts";
import type { MessageReader } from "../../src/envelope/message.ts";
import type { Recipient, Triple } from "../../src/envelope/recipient.ts";
import { silentLog } from "../../src/log/log.ts";
import { RulesetTable } from "../../src/rewriting/rulesets.ts";
import { MacroScope } from "../../src/rewriting/macro-scope.ts";
import { expandMacros, readMacroText } from "../../src/rewriting/macro-text.ts";
import type { AddressRewriter } from "../../src/routing/address-rewriter.ts";
import { systemClock } from "../../src/sys/clock.ts";
import { InProcessWorkers } from "./in-process-workers.ts";
import type { MailboxDatabase, User } from "../../src/sys/users.ts";

/** Values by option name; `timeouts` in ms. Unset options have sendmail's defaults as far as agents ask for them. */
export function testOptions(values: Record<string, string | number | boolean> = {}): Options {
  const defaults: Record<string, string | number | boolean> = {
    ConnectionCacheSize: 2,
    ConnectionCacheTimeout: 300_000,
    TLSFallbacktoClear: true,
    UnixFromLine: "From $g  $d",
    "Timeout.hoststatus": 1_800_000,
    "Timeout.connect": 5_000,
  };
  const value = (name: string) => values[name] ?? defaults[name];
  return {
    text: (name) => readMacroText(String(value(name) ?? "")).text,
    number: (name) => Number(value(name) ?? 0),
    flag: (name) => value(name) === true,
    time: (name) => Number(value(name) ?? 0),
    timeout: (name) => Number(value(`Timeout.${name}`) ?? 10_000),
    isSet: (name) => name in values,
  };
}

function unused(): never {
  throw new Error("not part of this test");
}

export function testConfig(options: Options = testOptions(), localNames: readonly string[] = ["here.test"]): Config {
  const macros = new MacroScope(undefined, [
    ["j", "here.test"],
    ["n", "MAILER-DAEMON"],
  ]);
  return {
    file: "test.cf",
    texts: ["test.cf"],
    level: 10,
    originOf: () => undefined,
    rewriter: {
      number: () => undefined,
      has: unused,
      rewrite: unused,
      remember: unused,
      setMacro: unused,
      tokenise: unused,
      join: unused,
    },
    traced: unused,
    mailers: new Map(),
    maps: new Map(),
    classWords: (name) => {
      const words = name === "w" ? localNames : [];
      const has = (word: string): boolean => words.includes(word.toLowerCase());
      return { has, hasFolded: has, words: () => words, size: words.length, longest: 8 };
    },
    macros,
    headers: [],
    options,
    daemonPorts: [],
    clientPorts: [],
    queueGroups: new Map(),
    filters: new Map(),
    milterSettings: new Map(),
    aliasFiles: [],
    environment: new Map(),
    rulesets: new RulesetTable(),
    services: () => ["files", "dns"],
    precedences: new Map(),
    expand: expandMacros,
    close: () => undefined,
  };
}

/** "MX b.test" → ["10 mx1.b.test", ...], "A mx1.b.test" → ["127.0.0.1"]; "tempfail" and "nxdomain" as answers. */
export type Zone = Record<string, readonly string[] | "tempfail" | "nodata">;

export function testResolver(zone: Zone): Resolver {
  const names = new Set(Object.keys(zone).map((key) => key.split(" ")[1]));
  return {
    query(asked, type): DnsAnswer {
      const name = asked.toLowerCase().replace(/\.$/, "");
      const answer = zone[`${type} ${name}`];
      if (answer === "tempfail") return { kind: "tempfail", reason: "server failure" };
      if (answer === undefined || answer === "nodata") {
        return names.has(name) ? { kind: "nodata", canonicalName: name } : { kind: "nxdomain" };
      }
      const records = answer.map((text) => {
        const [first, second] = text.split(" ");
        const base = { name, type, ttl: 60 };
        return second === undefined ? { ...base, data: first } : { ...base, data: second, preference: Number(first) };
      });
      return { kind: "found", records, canonicalName: name, secure: false };
    },
  };
}

/** An M line: arguments are macro text as it stands in a configuration file. */
export function testMailer(values: Partial<Omit<Mailer, "flags">> & { readonly flags?: string } = {}): Mailer {
  const { flags = "mDFMuX", argv = ["TCP", "$h"], ...rest } = values;
  return {
    name: "esmtp",
    number: 3,
    path: "[IPC]",
    sender: { envelope: 0, header: 0 },
    recipient: { envelope: 0, header: 0 },
    eol: "\r\n",
    maxSize: 0,
    maxMessages: 0,
    maxRecipients: 100,
    lineLimit: 990,
    nice: 0,
    types: { mta: "dns", address: "rfc822", diagnostic: "smtp" },
    wait: 0,
    ...rest,
    argv: argv.map((argument) => readMacroText(argument).text),
    flags: new Set(flags),
  };
}

/** Leaves every address as it is. */
export const unchangedAddresses: AddressRewriter = { rewrite: (_mailer, text) => ({ kind: "address", text }) };

export function testUsers(users: readonly Partial<User>[] = []): MailboxDatabase {
  const full = users.map((user) => ({
    name: "nobody",
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
    gecos: "",
    home: "/nonexistent",
    shell: "/bin/sh",
    ...user,
  }));
  return {
    find: (name) => full.find((user) => user.name === name),
    findById: (uid) => full.find((user) => user.uid === uid),
  };
}

const machine = {
  hostName: "here.test",
  nameServers: [],
  search: [],
  ndots: 1,
  timeout: 1,
  attempts: 1,
  hostsFile: "/nonexistent",
};

export function testEnvironment(
  values: Partial<DeliveryEnvironment> & { readonly zone?: Zone } = {},
): DeliveryEnvironment {
  const { zone = {}, ...rest } = values;
  return {
    config: testConfig(),
    names: openNames(machine, testResolver(zone)),
    users: testUsers(),
    workers: new InProcessWorkers(),
    destinations: new Destinations(rest.clock ?? systemClock),
    log: silentLog,
    clock: systemClock,
    ...rest,
  };
}

/** @param inMemory false: the body comes only as a stream, in small chunks */
export function testMessage(body: string | Buffer, inMemory = true): MessageReader {
  const octets = typeof body === "string" ? Buffer.from(body, "latin1") : body;
  return {
    size: octets.length,
    bytes: () => Promise.resolve(inMemory ? octets : undefined),
    stream: () => {
      const chunks: Buffer[] = [];
      for (let at = 0; at < octets.length; at += 16_384) chunks.push(octets.subarray(at, at + 16_384));
      return Readable.from(chunks);
    },
  };
}

export interface JobValues {
  readonly mailer?: Mailer;
  readonly host?: string;
  /** User parts of the triples. */
  readonly users?: readonly string[];
  readonly recipients?: readonly Partial<Recipient>[];
  readonly envelope?: Partial<Envelope>;
  readonly body?: string | Buffer;
  readonly message?: MessageReader;
  readonly addresses?: AddressRewriter;
  readonly group?: string;
  readonly signal?: AbortSignal;
  readonly heard?: (line: string) => void;
}

export function testJob(values: JobValues = {}): Job {
  const { host = "b.test", users = ["jane@b.test"], mailer = testMailer() } = values;
  const message = values.message ?? testMessage(values.body ?? "Hello\r\n");
  const recipients = users.map((user, index) => {
    const triple: Triple = { mailer: mailer.name, host, user };
    const recipient: Recipient = { given: user, state: "todo", resolved: triple, ...values.recipients?.[index] };
    return { index, recipient, triple };
  });
  return {
    envelope: {
      id: "5AKJ3Crx000001",
      sender: "joe@a.test",
      recipients: recipients.map(({ recipient }) => recipient),
      headers: [
        { name: "From", value: " joe@a.test" },
        { name: "Subject", value: " test" },
      ],
      bodySize: message.size,
      eightBit: false,
      smtputf8: false,
      arrived: 1_795_000_000_000,
      macros: {},
      isReport: false,
      messageClass: 0,
      ...values.envelope,
    },
    mailer,
    host,
    recipients,
    message,
    scope: new MacroScope(undefined, [
      ["j", "here.test"],
      ["n", "MAILER-DAEMON"],
      ["d", "Fri Nov 20 19:00:00 2026"],
      ["f", "joe@a.test"],
      ["i", "5AKJ3Crx000001"],
    ]),
    addresses: values.addresses ?? unchangedAddresses,
    ...(values.group === undefined ? {} : { group: values.group }),
    ...(values.heard && { heard: values.heard }),
    signal: values.signal ?? new AbortController().signal,
  };
}
