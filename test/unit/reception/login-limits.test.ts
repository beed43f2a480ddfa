/** What a login may do: limits by hour and day, addresses, what happens above them, and which senders it may use. */
import { expect, test } from "@jest/globals";
import { judge, type Court, type Outcome, type Stage, type Subjects } from "../../../src/reception/judges.ts";
import { LoginLimits, readLoginRules } from "../../../src/reception/login-limits.ts";
import { systemClock } from "../../../src/sys/clock.ts";
import { standardJudges } from "../../../src/reception/standard-judges.ts";
import { Transaction } from "../../../src/reception/transaction.ts";
import { MacroScope } from "../../../src/rewriting/macro-scope.ts";
import { fakeServices, refusal, resolveSimply } from "../../support/fake-smtp-services.ts";

const HOUR = 3_600_000;

/** A server whose table has one entry for everybody; time stands still until `wait`. */
function limited(rules: string) {
  let now = 1_000 * HOUR;
  const services = fakeServices({ select: (name: string) => (name === "login_limits" ? rules : undefined) });
  const limits = new LoginLimits({ now: () => now });
  const court: Court = {
    log: services.log,
    judges: { auth: [limits], mail: [limits], rcpt: [limits], data: [limits] },
  };
  const session = (login: string, address = "192.0.2.1") => {
    const macros = { auth_type: login === "" ? "" : "PLAIN", auth_authen: login, client_addr: address };
    return Transaction.ofSession(services.site(), { relay: "x" }, new MacroScope(undefined, Object.entries(macros)));
  };
  const ask = <S extends Stage>(stage: S, transaction: Transaction, subject: Subjects[S]) =>
    judge(court, stage, transaction, subject) as Outcome;
  return {
    services,
    session,
    ask,
    wait: (ms: number) => void (now += ms),
    /** Hands in a message: how far it comes. */
    send: (login: string, recipients = 1): string => {
      const message = session(login).message({ sender: "a@b", smtputf8: false, isReport: false });
      const mail = ask("mail", message, { path: "<a@b>" });
      if (mail.kind === "out") return `mail ${mail.reply.code}`;
      for (let i = 0; i < recipients; i++) {
        const rcpt = ask("rcpt", message, { path: "<c@d>" });
        if (rcpt.kind === "out") return `rcpt ${i + 1} ${rcpt.reply.code}`;
        message.recipients.push({ given: "c@d" } as (typeof message.recipients)[number]);
      }
      ask("data", message, { recipients });
      return message.fate.kind === "quarantine" ? message.fate.reason : "taken";
    },
  };
}

test("words of the table, with the blanks that rules leave", () => {
  expect(readLoginRules("messages / h = 5 recipients/d=7 addresses / d = 2 hold nonsense=3")).toEqual({
    limits: new Map([
      ["messages/h", 5],
      ["recipients/d", 7],
      ["addresses/d", 2],
    ]),
    hold: true,
  });
});

test("so many messages in an hour, each login for itself, and again when the hour has passed", () => {
  const { send, wait, services } = limited("messages/h=2");
  expect([1, 2, 3].map(() => send("joe"))).toEqual(["taken", "taken", "mail 450"]);
  expect(send("ann")).toBe("taken");
  expect(services.lines.at(-1)?.text).toMatch(
    /^ruleset=login_limits, arg1=joe, relay=x, reject=450 4\.7\.1 Too much mail/,
  );
  wait(HOUR + 1);
  expect(send("joe")).toBe("taken");
});

test("so many messages in a day", () => {
  const { send, wait } = limited("messages/d=2");
  const sent = [1, 2, 3].map(() => {
    wait(3 * HOUR);
    return send("joe");
  });
  expect(sent).toEqual(["taken", "taken", "mail 450"]);
});

test("so many recipients, those of the message at hand included", () => {
  const { send } = limited("recipients/h=5");
  expect([send("joe", 3), send("joe", 3), send("joe", 2), send("joe")]).toEqual([
    "taken",
    "rcpt 3 450",
    "taken",
    "rcpt 1 450",
  ]);
});

test("what is above is put aside where the table says so", () => {
  const { send } = limited("messages/h=1 hold");
  expect([send("joe"), send("joe")]).toEqual(["taken", "login limit messages/h=1"]);
});

test("so many addresses in a day; those that were there may come again", () => {
  const { ask, session, wait } = limited("addresses/d=2");
  const from = (address: string) => {
    const outcome = ask("auth", session("joe", address), { mechanism: "PLAIN" });
    return outcome.kind === "in" ? "in" : outcome.reply.code;
  };
  expect([from("192.0.2.1"), from("192.0.2.2"), from("192.0.2.3"), from("192.0.2.1")]).toEqual(["in", "in", 454, "in"]);
  wait(25 * HOUR);
  expect(from("192.0.2.3")).toBe("in");
});

test("who has not logged in has no limits, and neither has who stands in no table", () => {
  expect([1, 2, 3].map(() => limited("messages/h=1").send(""))).toEqual(["taken", "taken", "taken"]);
  const { send } = limited("");
  expect([send("joe"), send("joe")]).toEqual(["taken", "taken"]);
});

test("sender_login is asked about the sender of who has logged in, behind check_mail", () => {
  const services = fakeServices({
    resolve: resolveSimply,
    check: (name) => (name === "sender_login" ? refusal(550, "5.7.1", "not yours") : { kind: "ok" }),
  });
  const court = {
    log: services.log,
    judges: standardJudges(new LoginLimits({ now: () => 0 }), { clock: systemClock }),
  };
  const outcome = (type: string) => {
    const scope = new MacroScope(undefined, [["auth_type", type]]);
    const session = Transaction.ofSession(services.site(), { relay: "x" }, scope);
    return judge(court, "mail", session, { path: "<a@b>" });
  };
  expect(outcome("PLAIN")).toMatchObject({ kind: "out", reply: { code: 550 } });
  expect(outcome("")).toEqual({ kind: "in" });
  expect(services.asked).toEqual(["check_mail <a@b>", "sender_login <a@b>", "check_mail <a@b>"]);
});
