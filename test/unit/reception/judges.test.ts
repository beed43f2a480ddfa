/** Where verdicts meet: within a stage, from stage to stage, over the recipients of a message, over the messages of a session. */
import { beforeEach, describe, expect, test } from "@jest/globals";
import type { LogLine } from "../../../src/log/log.ts";
import { reply } from "../../../src/mail/reply.ts";
import { type Court, judge, type Judge, type Judgement, type JudgeTable } from "../../../src/reception/judges.ts";
import { Transaction } from "../../../src/reception/transaction.ts";
import { MacroScope } from "../../../src/rewriting/macro-scope.ts";
import type { Verdict } from "../../../src/routing/verdict.ts";
import type { MaybePromise } from "../../../src/sys/maybe-promise.ts";
import { fakeServices } from "../../support/fake-smtp-services.ts";

/** From the mildest to the harshest. */
const verdicts: readonly Verdict[] = [
  { kind: "ok" },
  { kind: "quarantine", reason: "looks odd" },
  { kind: "discard" },
  { kind: "defer", reply: reply(451, "4.7.1", "later") },
  { kind: "refuse", reply: reply(550, "5.7.1", "never") },
];
const pairs = verdicts.flatMap((first) => verdicts.map((second) => [first, second] as const));
const isRefusal = ({ kind }: Verdict): boolean => kind === "defer" || kind === "refuse";

let asked: string[];
let lines: LogLine[];
beforeEach(() => {
  asked = [];
  lines = [];
});

function says(name: string, answer: MaybePromise<Judgement>): Judge {
  return {
    name,
    judge() {
      asked.push(name);
      return answer;
    },
  };
}

function court(judges: JudgeTable): Court {
  return { judges, log: { enabled: () => true, write: (_level, line) => void lines.push(line) } };
}

function session(): Transaction {
  return Transaction.ofSession(fakeServices().site(), { relay: "client.test [192.0.2.1]" }, new MacroScope());
}

function harsher(first: Verdict, second: Verdict): Verdict {
  return verdicts.indexOf(second) > verdicts.indexOf(first) ? second : first;
}

const logged = (): string[] => lines.map(({ text }) => /^ruleset=([^,]*)/.exec(text)?.[1] ?? "");

describe("two judges of one stage", () => {
  test.each(pairs)("%j, then %j", async (first, second) => {
    for (const late of [false, true]) {
      asked = [];
      lines = [];
      const answer = (verdict: Verdict): MaybePromise<Judgement> => (late ? Promise.resolve(verdict) : verdict);
      const mail = [says("one", answer(first)), says("two", answer(second))];
      const message = session().message({ sender: "", smtputf8: false, isReport: false });
      const outcome = await judge(court({ mail }), "mail", message, { path: "<a@b>" });
      const expected = harsher(first, second);
      expect(outcome).toEqual(
        expected.kind === "refuse" || expected.kind === "defer"
          ? { kind: "out", reply: expected.reply }
          : { kind: "in" },
      );
      // Only who refuses for good keeps the others from being asked.
      expect(asked).toEqual(first.kind === "refuse" ? ["one"] : ["one", "two"]);
      // Each that changed the outcome, once.
      const second_ = first.kind !== "refuse" && second.kind !== "ok" && harsher(second, first) === second;
      expect(logged()).toEqual([...(first.kind === "ok" ? [] : ["one"]), ...(second_ ? ["two"] : [])]);
    }
  });
});

describe("two stages of one message", () => {
  const settled = pairs.filter(([first]) => !isRefusal(first));

  test.each(settled)("%j at MAIL, then %j at DATA", async (first, second) => {
    const place = court({ mail: [says("mail", first)], data: [says("data", second)] });
    const message = session().message({ sender: "", smtputf8: false, isReport: false });
    await judge(place, "mail", message, { path: "<a@b>" });
    const outcome = await judge(place, "data", message, { recipients: 1 });
    expect(outcome.kind).toBe(isRefusal(second) ? "out" : "in");
    expect(message.fate.kind).toBe(isRefusal(second) ? first.kind : harsher(first, second).kind);
    expect(message.isDiscarded).toBe(first.kind === "discard" || second.kind === "discard");
  });

  test.each(settled)("%j about the client holds for its messages, with %j about one of them", async (first, second) => {
    const place = court({ connect: [says("connect", first)], mail: [says("mail", second)] });
    const whole = session();
    await judge(place, "connect", whole, { name: "client.test", address: "192.0.2.1" });
    const [one, other] = [1, 2].map(() => whole.message({ sender: "", smtputf8: false, isReport: false }));
    await judge(place, "mail", one, { path: "<a@b>" });
    expect(one.fate.kind).toBe(isRefusal(second) ? first.kind : harsher(first, second).kind);
    expect(other.fate.kind).toBe(first.kind);
  });
});

describe("recipients of one message", () => {
  test.each(pairs)("%j about one, %j about another", async (first, second) => {
    const answers = [first, second];
    const rcpt: Judge = { name: "rcpt", judge: () => answers.shift() ?? { kind: "ok" } };
    const message = session().message({ sender: "", smtputf8: false, isReport: false });
    const outcomes = [];
    for (const path of ["<a@b>", "<c@d>"])
      outcomes.push(await judge(court({ rcpt: [rcpt] }), "rcpt", message, { path }));
    // A refusal is about its recipient alone; discard and quarantine are about the message.
    expect(outcomes.map(({ kind }) => kind)).toEqual([first, second].map((each) => (isRefusal(each) ? "out" : "in")));
    const milder = [first, second].map((each): Verdict => (isRefusal(each) ? { kind: "ok" } : each));
    expect(message.fate.kind).toBe(harsher(milder[0], milder[1]).kind);
  });
});

describe("changes", () => {
  test("are applied whatever the verdict, and the next judge sees them", async () => {
    const message = session().message({ sender: "", smtputf8: false, isReport: false });
    const seen: unknown[] = [];
    const first = says("first", {
      kind: "ok",
      changes: {
        macros: [["spf", "pass"]],
        evidence: { domain: "a.test" },
        recipients: (before) => [...before, { given: "archive@here.test", state: "todo" }],
        header: [
          { kind: "add", field: { name: "X-Checked", value: " yes" }, before: 0 },
          { kind: "replace", name: "subject", occurrence: 2, value: " [odd] two" },
          { kind: "replace", name: "Bcc", occurrence: 1 },
          { kind: "replace", name: "Absent", occurrence: 1, value: " x" },
        ],
      },
    });
    const second: Judge = {
      name: "second",
      judge(_stage, { scope, recipients }) {
        seen.push(
          scope.get("spf"),
          recipients.map(({ given }) => given),
        );
        return { kind: "ok" };
      },
    };
    await judge(court({ eom: [first, second] }), "eom", message, { size: 1 });
    expect(seen).toEqual(["pass", ["archive@here.test"]]);
    expect(message.evidence("first")).toEqual({ domain: "a.test" });
    expect(message.evidence("second")).toBeUndefined();
    const fields = ["Subject: one", "Subject: two", "Bcc: joe"].map((each) => ({
      name: each.slice(0, each.indexOf(":")),
      value: each.slice(each.indexOf(":") + 1),
    }));
    expect(message.edited(fields).map(({ name, value }) => `${name}:${value}`)).toEqual([
      "X-Checked: yes",
      "Subject: one",
      "Subject: [odd] two",
    ]);
  });

  test("what was found out about the session is known in its messages, not the other way round", async () => {
    const whole = session();
    whole.apply("tls", { evidence: "verified" });
    const message = whole.message({ sender: "", smtputf8: false, isReport: false });
    message.apply("spf", { evidence: "pass" });
    expect([message.evidence("tls"), whole.evidence("spf")]).toEqual(["verified", undefined]);
  });
});

test("a refusal is told, and logged, with the mailbox that it is about", async () => {
  const refuse = says("check_rcpt", { kind: "refuse", reply: reply(550, "5.7.1", "no"), about: ["<a@b>"] });
  const outcome = await judge(
    court({ rcpt: [refuse] }),
    "rcpt",
    session(),
    { path: "<a@b>" },
    {
      answer: (each) => ({ ...each, lines: each.lines.map((line) => `<a@b>... ${line}`) }),
    },
  );
  expect(outcome).toEqual({ kind: "out", reply: reply(550, "5.7.1", "<a@b>... no") });
  expect(lines.map(({ text }) => text)).toEqual([
    "ruleset=check_rcpt, arg1=<a@b>, relay=client.test [192.0.2.1], reject=550 5.7.1 <a@b>... no",
  ]);
});
