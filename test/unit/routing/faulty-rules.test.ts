/**
 * Rules that loop, that call each other without end, or that meet a look-up which cannot answer now: at every place where
 * mail asks a ruleset. Each place has rules that fail for a word of their own, so that one configuration has them all.
 * The replies are those of sendmail 8.17, except where the table says otherwise.
 */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { Config } from "../../../src/config/config.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { replyText } from "../../../src/mail/reply.ts";
import { createAliases } from "../../../src/routing/aliases.ts";
import type { AddressRole } from "../../../src/routing/address-rewriter.ts";
import type { LocalNames } from "../../../src/routing/local-user.ts";
import { refusalOf } from "../../../src/routing/refusal.ts";
import { expandRecipients } from "../../../src/routing/recipients.ts";
import { createMailRules } from "../../../src/routing/resolve.ts";
import type { MailRules } from "../../../src/routing/mail-rules.ts";
import { ownFiles } from "../../support/user-files.ts";
import { configEnvironment } from "../../support/config-environment.ts";

/** Ruleset → its other rules. */
const RULESETS: Readonly<Record<string, string>> = {
  canonify: "R$+@$+\t$@ $1<@$2>",
  parse: "R$+<@mail.test>\t$#local $: $1\nR$+<@$+>\t$#esmtp $@ $2 $: $1@$2\nR$+\t$#local $: $1",
  localaddr: "",
  sender: "",
  recipient: "",
  final: "R$+<@$+>\t$1@$2",
  EnvFromL: "",
  EnvFromSMTP: "",
  EnvToL: "",
  EnvToSMTP: "",
  HdrFromSMTP: "",
  HdrToSMTP: "",
  check_relay: "",
  check_mail: "",
  check_rcpt: "",
  check_data: "",
  check_compat: "",
  check_eoh: "",
  check_eom: "",
  check_etrn: "",
  check_expn: "",
  check_vrfy: "",
  CheckSubject: "",
  queuegroup: "R$*\t$#slow",
  srv_features: "R$*\t$#V",
  greet_pause: "R$*\t$#5000",
  tls_client: "",
  tls_server: "",
  tls_rcpt: "",
  try_tls: "",
  authinfo: "",
};
const NUMBERS: Readonly<Record<string, number>> = {
  parse: 0,
  sender: 1,
  recipient: 2,
  canonify: 3,
  final: 4,
  localaddr: 5,
};
const KINDS = ["loop", "deep", "defer"] as const;
type Kind = (typeof KINDS)[number];

/** The rules of a ruleset that fail for `loopNAME`, `deepNAME` and `deferNAME`, then its own. */
function rulesetText([name, rules]: [string, string]): string {
  const word = (kind: Kind) => `${kind}${name.replace("_", "")}`;
  return [
    name in NUMBERS ? `S${name}=${NUMBERS[name]}` : `S${name}`,
    `R$*${word("loop")}$*\t$1${word("loop")}$2`,
    `R$*${word("deep")}$*\t$@ $>${name} $1${word("deep")}$2`,
    `R$*${word("defer")}$*\t$: $(busy $1${word("defer")}$2 $)`,
    rules,
  ].join("\n");
}

const folder = mkdtempSync(join(tmpdir(), "faulty-rules-"));
let config: Config;
let rules: MailRules;
let names: LocalNames;

beforeAll(async () => {
  const file = join(folder, "faulty.cf");
  const busy = join(folder, "busy");
  writeFileSync(busy, "#!/bin/sh\nexit 75\n");
  chmodSync(busy, 0o755);
  const lines = [
    "V10",
    "O OperatorChars=.:%@!^/[]+",
    `Kbusy program ${busy}`,
    "Mlocal, P=/bin/mail, F=lsA5w, S=EnvFromL/0, R=EnvToL/0, A=mail $u",
    "Mesmtp, P=[IPC], F=, S=EnvFromSMTP/HdrFromSMTP, R=EnvToSMTP/HdrToSMTP, A=TCP $h",
    ...Object.entries(RULESETS).map(rulesetText),
    "",
  ];
  writeFileSync(file, lines.join("\n"));
  const loaded = await loadConfig(file, configEnvironment);
  expect(loaded.messages).toEqual([]);
  config = loaded.config!;
  rules = createMailRules(config);
  names = {
    config,
    rules,
    aliases: createAliases([
      {
        name: "test",
        lookup: (key) => (key.startsWith("list-") ? { kind: "found", value: key.slice(5) } : { kind: "missing" }),
      },
    ]),
    users: {
      find: (name) => ({ name, uid: 1000, gid: 1000, gecos: "", home: "", shell: "/bin/sh" }),
      findById: () => undefined,
    },
  };
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** How the original words it. */
function replyOf(kind: Kind, ruleset: string): RegExp {
  if (kind === "loop") return new RegExp(`^554 5\\.3\\.5 Infinite loop in ruleset ${ruleset}, rule 1$`);
  if (kind === "deep") {
    return new RegExp(`^554 5\\.0\\.0 rewrite: excessive recursion \\(max 50\\), ruleset ${ruleset}$`);
  }
  return /^451 4\.\d\.\d \S/;
}

/** The answer to a recipient: of rulesets 3 and 0, then of everything that is local. "accepted" when it could be. */
async function answerTo(address: string): Promise<string> {
  const resolution = await rules.resolve(address, config.macros.child());
  if (resolution.kind === "discard") return "discarded";
  if (resolution.kind !== "triple") return replyText(resolution.reply);
  const refusal = await refusalOf(names, resolution.triple, config.macros.child());
  return refusal === undefined ? "accepted" : replyText(refusal);
}

/** What becomes of a recipient in the queue, and of what its aliases name: their states and reasons. */
async function fateOf(address: string): Promise<string[]> {
  const scope = config.macros.child();
  const context = { ...names, files: ownFiles, scope, dontBlame: new Set<string>(), now: 0, warn: () => undefined };
  const { changes, added } = await expandRecipients(context, [{ given: address, state: "todo" }], [0]);
  return [...changes, ...added].map(({ state, status }) => [state, status?.text].filter(Boolean).join(": "));
}

const RECIPIENT_PLACES = ["canonify", "parse", "localaddr", "recipient", "final", "EnvToL"];

describe("a recipient", () => {
  test("is accepted when no rule fails", async () => {
    expect(await answerTo("joe@mail.test")).toBe("accepted");
    expect(await answerTo("joe@far.test")).toBe("accepted");
  });

  test.each(RECIPIENT_PLACES.flatMap((place) => KINDS.map((kind) => [place, kind] as const)))(
    "whose address meets a failing rule in %s (%s) is refused or deferred, and never delivered",
    async (place, kind) => {
      const user = `${kind}${place}`.toLowerCase();
      // A look-up in 2, R= and 4 that cannot answer leaves the name as it is, as in the original.
      const harmless = kind === "defer" && ["recipient", "final", "EnvToL"].includes(place);
      const address = `${kind}${place}@mail.test`;
      if (harmless) return expect(await answerTo(address)).toBe("accepted");
      expect(await answerTo(address)).toMatch(replyOf(kind, place));
      const state = kind === "defer" ? "deferred: Deferred: " : "failed: ";
      const [fate] = await fateOf(address);
      expect(fate.startsWith(state)).toBe(true);
      const [parent, child] = await fateOf(`list-${user}@mail.test`);
      // Words of rules know no letter case: the alias's target meets the same rule.
      expect(parent).toMatch(/^expanded|^failed: |^deferred: /);
      if (parent.startsWith("expanded")) expect(child.startsWith(state)).toBe(true);
    },
  );

  test.each(KINDS)("for another host meets a failing R= (%s)", async (kind) => {
    const answer = await answerTo(`${kind}EnvToSMTP@far.test`);
    if (kind === "defer") expect(answer).toBe("accepted");
    else expect(answer).toMatch(replyOf(kind, "EnvToSMTP"));
  });
});

describe("a name for a mailer", () => {
  const PLACES: readonly (readonly [string, AddressRole["role"], AddressRole["part"]])[] = [
    ["canonify", "sender", "envelope"],
    ["sender", "sender", "envelope"],
    ["EnvFromSMTP", "sender", "envelope"],
    ["final", "sender", "envelope"],
    ["sender", "sender", "header"],
    ["HdrFromSMTP", "sender", "header"],
    ["final", "sender", "header"],
    ["canonify", "recipient", "header"],
    ["recipient", "recipient", "header"],
    ["HdrToSMTP", "recipient", "header"],
    ["final", "recipient", "header"],
  ];

  test.each(PLACES.flatMap((place) => KINDS.map((kind) => [...place, kind] as const)))(
    "%s of a %s in the %s: the message waits (%s)",
    async (place, role, part, kind) => {
      const mailer = config.mailers.get("esmtp")!;
      const scope = config.macros.child();
      expect(await rules.rewrite(mailer, `${kind}${place}@far.test`, { role, part }, scope)).toMatchObject({
        kind: "tempfail",
        reason: kind === "defer" ? expect.any(String) : expect.stringContaining(`ruleset ${place}`),
      });
    },
  );
});

describe("a check", () => {
  const CHECKS = Object.keys(RULESETS).filter((name) => /^(?:check_|tls_|CheckSubject)/.test(name));

  test.each(CHECKS.flatMap((check) => KINDS.map((kind) => [check, kind] as const)))(
    "by %s whose rules fail (%s) says no, or what its rules say",
    async (check, kind) => {
      const scope = config.macros.child();
      expect(await rules.check(check, ["fine", "too"], scope)).toEqual({ kind: "ok" });
      const verdict = await rules.check(check, [`${kind}${check.replace("_", "")}`], scope);
      // What a look-up cannot tell now is for the rules to say.
      if (kind === "defer") return expect(verdict).toEqual({ kind: "ok" });
      if (verdict.kind !== "refuse") throw new Error(`not refused: ${verdict.kind}`);
      expect(replyText(verdict.reply)).toMatch(replyOf(kind, check));
    },
  );

  test.each(["queuegroup", "srv_features", "greet_pause", "try_tls", "authinfo"])(
    "the choice of %s whose rules fail is none",
    async (name) => {
      for (const kind of ["loop", "deep"] as const) {
        const chosen = await rules.select(name, [`${kind}${name.replace("_", "")}`], config.macros.child());
        expect(chosen).toBe("");
      }
    },
  );
});
