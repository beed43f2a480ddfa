/**
 * Everything an SMTP session asks for, played by simple parts: a configuration of options only, a rules of plain
 * functions, an intake that keeps what it is given. Tests replace the single functions they are about.
 */
import type { Authenticator } from "../../src/auth/authenticator.ts";
import { DEFAULT_QUEUE_GROUP } from "../../src/config/queue-groups.ts";
import type { Config, Options, PortOptions } from "../../src/config/config.ts";
import type { IncomingMessage } from "../../src/reception/intake.ts";
import type { ListAnswer } from "../../src/routing/list-members.ts";
import type { Triple } from "../../src/envelope/recipient.ts";
import type { Log, LogLine } from "../../src/log/log.ts";
import { type Reply, reply } from "../../src/mail/reply.ts";
import { rulesetJudges } from "../../src/reception/ruleset-judges.ts";
import type { Transaction } from "../../src/reception/transaction.ts";
import { MacroScope } from "../../src/rewriting/macro-scope.ts";
import type { Resolution, MailRules } from "../../src/routing/mail-rules.ts";
import { ACCEPTED, type Verdict } from "../../src/routing/verdict.ts";
import { ServerTls, type ServerTlsSource } from "../../src/smtpd/server-tls.ts";
import type { ClientIdentity, SmtpServices } from "../../src/smtpd/services.ts";
import { readSessionSettings } from "../../src/site/session-settings.ts";
import { type Clock, systemClock } from "../../src/sys/clock.ts";
import { type MaybePromise, whenReady } from "../../src/sys/maybe-promise.ts";
import { fakeSite } from "./fake-site.ts";

/** Options with sendmail's defaults, as far as the server asks for them. */
const defaults: Readonly<Record<string, string | number | boolean>> = {
  SmtpGreetingMessage: "$j Sendmail $v/$Z; $b",
  EightBitMode: "pass8",
  DeliveryMode: "background",
  MaxNOOPCommands: 20,
  PrivacyOptions: "",
  SendMimeErrors: true,
};

const timeouts: Readonly<Record<string, number>> = {
  command: 3_600_000,
  datablock: 3_600_000,
  starttls: 3_600_000,
};

export type OptionValues = Readonly<Record<string, string | number | boolean>>;

export function fakeOptions(values: OptionValues = {}): Options {
  const all: OptionValues = { ...defaults, ...values };
  return {
    text: (name) => String(all[name] ?? ""),
    number: (name) => Number(all[name] ?? 0),
    flag: (name) => all[name] === true,
    time: (name) => Number(all[name] ?? 0),
    timeout: (name) => Number(all[`Timeout.${name}`] ?? timeouts[name] ?? 0),
    isSet: (name) => name in values,
  };
}

export function fakePort(overrides: Partial<PortOptions> = {}): PortOptions {
  return {
    name: "MTA",
    family: "inet",
    address: "127.0.0.1",
    port: 0,
    modifiers: new Set(),
    listen: 0,
    extra: new Map(),
    ...overrides,
  };
}

/** A message that was begun; `text` grows while its octets arrive. */
export interface TakenMessage {
  readonly transaction: Transaction;
  text: string;
  state: "open" | "finished" | "aborted";
  /** How often abort() was called; more than once is a fault of the caller. */
  aborts: number;
}

export interface FakeServices extends SmtpServices {
  readonly messages: TakenMessage[];
  readonly lines: LogLine[];
  /** Names of rulesets asked, with their arguments: "check_mail <a@b>". */
  readonly asked: string[];
  /** The macros that each of them saw. */
  readonly scopes: MacroScope[];
}

export interface FakeBehaviour {
  options?: OptionValues;
  check?: (ruleset: string, args: readonly string[], scope: MacroScope) => MaybePromise<Verdict>;
  select?: (ruleset: string) => MaybePromise<string | undefined>;
  resolve?: (address: string) => MaybePromise<Resolution>;
  expand?: (triple: Triple) => MaybePromise<readonly string[] | undefined>;
  identity?: ClientIdentity;
  identify?: (address: string) => ClientIdentity;
  ownName?: (address: string) => MaybePromise<string>;
  storageProblem?: () => string | undefined;
  load?: () => number;
  waiting?: number;
  begin?: () => MaybePromise<void>;
  write?: (chunk: Buffer) => MaybePromise<void>;
  finish?: (message: TakenMessage) => MaybePromise<Reply>;
  logLevel?: number;
  clock?: Clock;
  authenticator?: Authenticator | undefined;
  readByRoot?: ServerTlsSource["readByRoot"];
  /** Of tls_srv_features. */
  text?: (ruleset: string) => string | undefined;
}

export function fakeServices(behaviour: FakeBehaviour = {}): FakeServices {
  const messages: TakenMessage[] = [];
  const lines: LogLine[] = [];
  const asked: string[] = [];
  const scopes: MacroScope[] = [];
  const config = fakeConfig(behaviour.options);
  const site = fakeSite({
    config,
    rules: fakeRouter(behaviour, asked, scopes),
    session: readSessionSettings(config),
    authenticator: behaviour.authenticator,
  });
  const level = behaviour.logLevel ?? 9;
  const open = (transaction: Transaction): IncomingMessage => {
    const message: TakenMessage = { transaction, text: "", state: "open", aborts: 0 };
    messages.push(message);
    return takeInto(message, `m${messages.length}`, behaviour);
  };
  const log: Log = {
    enabled: (wanted) => wanted <= level,
    write: (wanted, line) => void (wanted <= level && lines.push(line)),
  };
  const clock = behaviour.clock ?? systemClock;
  return {
    messages,
    lines,
    asked,
    scopes,
    site: () => site,
    intake: {
      begin(transaction) {
        const wait = behaviour.begin?.();
        return wait instanceof Promise ? wait.then(() => open(transaction)) : open(transaction);
      },
    },
    log,
    clock,
    tls: new ServerTls({ clock, log, readByRoot: behaviour.readByRoot }),
    identify: (_site, address) =>
      behaviour.identify?.(address) ?? behaviour.identity ?? { name: "localhost", ptr: "localhost", resolve: "OK" },
    ownName: (_site, address) => behaviour.ownName?.(address) ?? "mail.example.test",
    judges: rulesetJudges,
    expand: (_site, given, triple) => whenReady(behaviour.expand?.(triple), (members) => membersOf(members ?? [given])),
    member: (_site, given) => membersOf([given]),
    storageProblem: () => behaviour.storageProblem?.(),
    load: () => behaviour.load?.() ?? 0,
    startQueueRun: () => behaviour.waiting ?? 0,
  };
}

function membersOf(given: readonly string[]): ListAnswer {
  return {
    kind: "members",
    members: given.map((each) => ({ given: each, isLocal: true, isSure: true, fullName: "" })),
  };
}

function takeInto(message: TakenMessage, id: string, behaviour: FakeBehaviour): IncomingMessage {
  return {
    id,
    write(chunk) {
      message.text += chunk.toString("latin1");
      return behaviour.write?.(chunk);
    },
    async finish() {
      message.state = "finished";
      return (await behaviour.finish?.(message)) ?? reply(250, "2.0.0", `${id} Message accepted for delivery`);
    },
    abort() {
      message.state = "aborted";
      message.aborts++;
    },
  };
}

function fakeConfig(values: OptionValues | undefined): Config {
  const macros = new MacroScope(undefined, [
    ["j", "mail.example.test"],
    ["v", "8.18"],
    ["Z", "rulemail"],
  ]);
  const config: Pick<
    Config,
    "file" | "originOf" | "mailers" | "queueGroups" | "macros" | "options" | "expand" | "close"
  > = {
    originOf: ({ line }) => (line === 7 ? "site.mc:12 FEATURE(access_db)" : undefined),
    file: "fake.cf",
    mailers: new Map(),
    queueGroups: new Map([["mqueue", DEFAULT_QUEUE_GROUP]]),
    macros,
    options: fakeOptions(values),
    expand: (text, scope) => text.replace(/\$([A-Za-z])/g, (_all, name: string) => scope.get(name) ?? ""),
    close: () => undefined,
  };
  // Sessions ask for nothing else; if one does, its test fails loudly.
  return config as Config;
}

/** Addresses with @ go to mailer "relay", others to "local"; "nobody" is unknown, "later" cannot be told now. */
export function resolveSimply(address: string): Resolution {
  if (address === "nobody") return { kind: "error", reply: reply(550, "5.1.1", "User unknown") };
  if (address === "later") return { kind: "tempfail", reply: reply(451, "4.4.3", "Name server timeout") };
  if (address === "gone") return { kind: "discard" };
  const at = address.lastIndexOf("@");
  const triple =
    at < 0
      ? { mailer: "local", host: "", user: address }
      : { mailer: "relay", host: address.slice(at + 1), user: address };
  return { kind: "triple", triple, canonical: address };
}

function fakeRouter(behaviour: FakeBehaviour, asked: string[], scopes: MacroScope[]): MailRules {
  return {
    rewrite: (_mailer: unknown, address: string) => ({ kind: "address", text: address }),
    resolve: (address: string) => (behaviour.resolve ?? resolveSimply)(address),
    plain: (address: string) => address,
    localAddress: () => undefined,
    check(ruleset: string, args: readonly string[], scope: MacroScope) {
      asked.push(`${ruleset} ${args.join(" $| ")}`);
      scopes.push(scope);
      return behaviour.check?.(ruleset, args, scope) ?? ACCEPTED;
    },
    checkText(ruleset: string, text: string, _how: unknown, scope: MacroScope) {
      asked.push(`${ruleset} ${text}`);
      return behaviour.check?.(ruleset, [text], scope) ?? ACCEPTED;
    },
    select: (ruleset: string) => behaviour.select?.(ruleset),
    text: (ruleset: string) => behaviour.text?.(ruleset),
  };
}

export function refusal(code: number, enhanced: string, text: string): Verdict {
  return { kind: code < 500 ? "defer" : "refuse", reply: reply(code, enhanced, text) };
}
