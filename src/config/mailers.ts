/** M lines: the mailers, their defaults, and the three that always exist. */
import type { NamedLine } from "../cf/ast.ts";
import { parseEquates } from "../cf/equates.ts";
import { reportRuleset } from "../cf/rules.ts";
import type { ConfigMessages } from "../cf/messages.ts";
import type { RulesetReading, RulesetTable } from "../rewriting/rulesets.ts";
import { unmarkLiterals } from "../rewriting/macro-text.ts";
import { MACRO } from "../rewriting/tokens.ts";
import type { ConfigEnvironment } from "./environment.ts";
import { toInt32 } from "./integers.ts";
import { notActedOn } from "./settings.ts";
import type { Mailer, RulesetPair } from "./mailer.ts";
import { readMailerOwner } from "./owners.ts";
import { readTime, reportTime } from "./times.ts";

/** The equates of a line by their letter, and where their values stand. */
type Places = Map<string, number>;
type Draft = { -readonly [Key in keyof Mailer]: Mailer[Key] };

/** `$u` in an argument: the agent gets its recipients as arguments. */
const USER = `${MACRO}u`;
const NO_RULESETS: RulesetPair = { envelope: 0, header: 0 };
const MAX_RECIPIENTS = 100;
/** What F=L means without L=. */
const SMTP_LINE = 990;

/** prog, *file* and *include*, in the order of their numbers; M lines of these names replace them. */
const BUILT_IN: readonly Pick<Mailer, "name" | "path" | "argv" | "types">[] = [
  { name: "prog", path: "/bin/sh", argv: ["sh", "-c", USER], types: types("X-Unix") },
  { name: "*file*", path: "[FILE]", argv: ["FILE", USER], types: types("X-Unix") },
  { name: "*include*", path: "/dev/null", argv: ["INCLUDE", USER], types: types("") },
];
const ONE_RECIPIENT: ReadonlySet<string> = new Set(["prog", "*file*"]);
const BUILT_IN_FLAGS = ["lsDq9ou", "lsDFMPEq9ou", "su"];

const FLAGS_BEFORE_6: Readonly<Record<string, string>> = { local: "Aw5:|/@q", prog: "oq", "*file*": "oq" };
const FLAGS_BEFORE_7: Readonly<Record<string, string>> = { local: "q", prog: "q", "*file*": "q" };

function types(all: string): Mailer["types"] {
  return { mta: all, address: all, diagnostic: all };
}

export class MailerTable {
  readonly #mailers = new Map<string, Mailer>();
  readonly #rulesets: RulesetTable;
  readonly #messages: ConfigMessages;
  readonly #environment: Pick<ConfigEnvironment, "users" | "group">;
  readonly #queueGroups: ReadonlyMap<string, unknown>;

  constructor(
    rulesets: RulesetTable,
    queueGroups: ReadonlyMap<string, unknown>,
    messages: ConfigMessages,
    environment: Pick<ConfigEnvironment, "users" | "group">,
  ) {
    this.#rulesets = rulesets;
    this.#queueGroups = queueGroups;
    this.#messages = messages;
    this.#environment = environment;
    BUILT_IN.forEach((mailer, number) => {
      this.#mailers.set(mailer.name, {
        ...emptyMailer(mailer.name, number),
        ...mailer,
        eol: "\n",
        flags: new Set(BUILT_IN_FLAGS[number]),
      });
    });
  }

  /** By name, in the order of their numbers. */
  get all(): ReadonlyMap<string, Mailer> {
    return new Map(
      [...this.#mailers.values()].toSorted((a, b) => a.number - b.number).map((each) => [each.name, each]),
    );
  }

  /** Files of old levels do not know the flags that local mailers have needed since. */
  completeFlags(level: number): void {
    const flags = level < 6 ? FLAGS_BEFORE_6 : level < 7 ? FLAGS_BEFORE_7 : {};
    for (const mailer of this.#mailers.values()) {
      // Who could only take short lines could only take seven bits.
      const narrow = level < 2 && mailer.flags.has("L") ? "7" : "";
      const more = narrow + (flags[mailer.name.toLowerCase()] ?? "");
      if (more !== "")
        this.#mailers.set(mailer.name, { ...mailer, flags: new Set([...mailer.flags, ...more.split("")]) });
    }
  }

  /** Names of mailers are compared without regard to letter case. */
  find(name: string): Mailer | undefined {
    const key = name.toLowerCase();
    return [...this.#mailers.values()].find((each) => each.name.toLowerCase() === key);
  }

  async add({ name, equates }: NamedLine): Promise<void> {
    const messages = this.#messages;
    messages.focus(1);
    if (name === "") return messages.error("name required for mailer");
    const draft = emptyMailer(name, 0);
    const given: Places = new Map();
    const list = 1 + name.length + 1;
    for (const { key, value, at, valueAt } of parseEquates(equates)) {
      messages.focus(list + valueAt);
      if (value === undefined) return messages.error(`mailer ${name}: \`=' expected`);
      const letter = key[0] ?? "=";
      given.set(letter, list + valueAt);
      const set = EQUATES[letter];
      this.#noteWithoutEffect(letter, value, at - valueAt);
      if (!set) messages.error(`M${name}: unknown mailer equate ${letter}=`, { offset: at - valueAt });
      else if ((await set(draft, value, this)) === "stop") return;
    }
    if (!this.#complete(draft, given)) return;
    const old = this.find(name);
    draft.number = old?.number ?? this.#mailers.size;
    if (old) this.#mailers.delete(old.name);
    this.#mailers.set(name, draft);
  }

  /** Flags are noted together: a mailer has many. */
  #noteWithoutEffect(letter: string, value: string, keyAt: number): void {
    const why = notActedOn("mailer equate", letter);
    if (why !== undefined) this.#messages.note(`nothing acts on this equate (${why}): ${letter}=`, keyAt);
    if (letter !== "F") return;
    const idle = value
      .split("")
      .filter((flag) => notActedOn("mailer flag", flag) !== undefined)
      .join("");
    if (idle !== "")
      this.#messages.note(`nothing acts on these mailer flags: ${idle} of F=${value}`, value.indexOf(idle[0]));
  }

  /** Fills in what depends on other equates and says what is missing. */
  #complete(draft: Draft, given: Places): boolean {
    const messages = this.#messages;
    /** The subject is an equate; one that is missing is missed at the name. */
    const complain = (text: string, equate: string): false => {
      messages.focus(given.get(equate) ?? 1);
      messages.error(`M${draft.name}: ${text}`);
      return false;
    };
    const { path, argv } = draft;
    // Programs and files get one recipient at a time, whatever F= says.
    if (ONE_RECIPIENT.has(draft.name.toLowerCase()))
      draft.flags = new Set([...draft.flags].filter((flag) => flag !== "m"));
    if (argv.length === 0) return complain("A= argument required", "A");
    if (path === "") return complain("P= argument required", "P");
    if (path === "[TCP]") return complain("P=[TCP] must be replaced by P=[IPC]", "P");
    if (path === "[IPC]") {
      if (argv.length < 2) return complain(`too few parameters for ${path} mailer`, "A");
      if (argv[0] !== "TCP" && argv[0] !== "FILE") {
        messages.focus(given.get("A") ?? 1);
        messages.warn(`M${draft.name}: Warning: first argument in ${path} mailer must be TCP or FILE`);
      }
      if (!given.has("T")) {
        draft.types = { mta: "dns", address: "rfc822", diagnostic: argv[0] === "FILE" ? "x-unix" : "smtp" };
      }
    } else if (path === "[FILE]") {
      if (argv[0] !== "FILE") return complain("first argument in [FILE] mailer must be FILE", "A");
      if (argv.length < 2) return complain("too few parameters for [FILE] mailer", "A");
    }
    if (draft.flags.has("L") && draft.lineLimit === 0) draft.lineLimit = SMTP_LINE;
    // A program that gets its recipients as arguments reads the message with plain line ends.
    if (draft.eol === "") draft.eol = argv.some((each) => each.includes(USER)) ? "\n" : "\r\n";
    return true;
  }

  ruleset(text: string, offset = 0): RulesetReading {
    const reading = this.#rulesets.mention(text);
    reportRuleset(reading.problems, this.#messages, offset);
    return reading;
  }

  error(text: string): void {
    this.#messages.error(text);
  }

  time(text: string): number {
    const reading = readTime(text, "s");
    reportTime(reading, this.#messages);
    return reading.value;
  }

  queueGroupExists(name: string): boolean {
    const wanted = name.toLowerCase();
    return [...this.#queueGroups.keys()].some((each) => each.toLowerCase() === wanted);
  }

  owner(text: string): ReturnType<typeof readMailerOwner> {
    return readMailerOwner(text, this.#environment);
  }
}

function emptyMailer(name: string, number: number): Draft {
  return {
    name,
    number,
    path: "",
    flags: new Set<string>(),
    argv: [],
    sender: NO_RULESETS,
    recipient: NO_RULESETS,
    eol: "",
    maxSize: 0,
    maxMessages: 0,
    maxRecipients: MAX_RECIPIENTS,
    lineLimit: 0,
    nice: 0,
    types: types(""),
    wait: 0,
  };
}

type SetEquate = (draft: Draft, value: string, table: MailerTable) => void | "stop" | Promise<void | "stop">;

/** The equates by their letter; of longer words the first letter counts. */
const EQUATES: Readonly<Record<string, SetEquate>> = {
  P: (draft, value) => void (draft.path = unmarkLiterals(value)),
  F: (draft, value) =>
    void (draft.flags = new Set([...draft.flags, ...value.replace(/[^\x01-\x08\x0e-\x1f!-\x7f]/g, "").split("")])),
  A: (draft, value) => void (draft.argv = value === "" ? [] : splitArguments(value)),
  S: (draft, value, table) => pair(value, table, (rulesets) => (draft.sender = rulesets)),
  R: (draft, value, table) => pair(value, table, (rulesets) => (draft.recipient = rulesets)),
  E: (draft, value, table) => {
    if (value === "") table.error(`mailer ${draft.name}: null end-of-line string`);
    else draft.eol = value;
  },
  M: (draft, value) => void (draft.maxSize = toInteger(value)),
  m: (draft, value) => void (draft.maxMessages = toInteger(value)),
  r: (draft, value) => void (draft.maxRecipients = toInt32(value) > 0 ? toInt32(value) : MAX_RECIPIENTS),
  L: (draft, value) => void (draft.lineLimit = Math.max(0, toInt32(value))),
  N: (draft, value) => void (draft.nice = toInteger(value)),
  W: (draft, value, table) => void (draft.wait = table.time(value)),
  D: (draft, value, table) => {
    if (value === "") table.error(`mailer ${draft.name}: null working directory`);
    else draft.directory = value;
  },
  C: (draft, value, table) => {
    if (value === "") table.error(`mailer ${draft.name}: null charset`);
    else draft.charset = value;
  },
  "/": (draft, value, table) => {
    if (value === "") table.error(`mailer ${draft.name}: null root directory`);
    else draft.root = value;
  },
  T(draft, value) {
    const [, mta, address, diagnostic] = /^([^/]*)(?:\/([^/]*)(?:\/(.*))?)?$/s.exec(value) ?? [];
    draft.types = { mta: mta || "dns", address: address || "rfc822", diagnostic: diagnostic || "smtp" };
  },
  Q(draft, value, table) {
    if (value === "") return table.error(`mailer ${draft.name}: null queue`);
    if (!table.queueGroupExists(value)) return table.error(`mailer ${draft.name}: unknown queue ${value}`);
    draft.queueGroup = value;
  },
  async U(draft, value, table) {
    const { uid, gid, problem } = await table.owner(value);
    if (problem?.startsWith("null") === true) table.error(`mailer ${draft.name}: ${problem}`);
    else if (problem !== undefined) table.error(`readcf: mailer U= flag: ${problem}`);
    if (uid !== undefined) draft.user = { uid, ...(gid === undefined ? {} : { gid }) };
  },
};

/** "envelope/header", or one for both. */
function pair(value: string, table: MailerTable, set: (rulesets: RulesetPair) => void): "stop" | undefined {
  const envelope = table.ruleset(value);
  if (envelope.number === undefined) return "stop";
  const slash = /^\s*\//.exec(value.slice(envelope.end))?.[0];
  const headerAt = envelope.end + (slash?.length ?? 0);
  const header = slash === undefined ? envelope : table.ruleset(value.slice(headerAt), headerAt);
  if (header.number === undefined) return "stop";
  set({ envelope: envelope.number, header: header.number });
  return undefined;
}

function splitArguments(value: string): string[] {
  return value.trim().split(/[ \t\n]+/);
}

function toInteger(value: string): number {
  return Number.parseInt(value, 10) || 0;
}
