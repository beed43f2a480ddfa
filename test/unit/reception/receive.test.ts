/** A message comes in without a session of smtpd and without a queue on disk. */
import { beforeEach, describe, expect, test } from "@jest/globals";
import { type Log, silentLog } from "../../../src/log/log.ts";
import type { HeaderField } from "../../../src/mail/header.ts";
import { readMimeLimits } from "../../../src/mail/mime-limits.ts";
import { type Reply, reply } from "../../../src/mail/reply.ts";
import { MemoryStore } from "../../../src/queue/memory-store.ts";
import type { Judge, JudgeTable } from "../../../src/reception/judges.ts";
import { createIntake } from "../../../src/reception/receive.ts";
import { admitRecipient } from "../../../src/reception/recipient.ts";
import { admitSender } from "../../../src/reception/sender.ts";
import { Transaction } from "../../../src/reception/transaction.ts";
import { planHeader } from "../../../src/envelope/header-plan.ts";
import { MacroScope } from "../../../src/rewriting/macro-scope.ts";
import type { Options } from "../../../src/config/config.ts";
import type { Site } from "../../../src/site/site.ts";
import { systemClock } from "../../../src/sys/clock.ts";
import { testConfig, testOptions } from "../../support/delivery-job.ts";
import { fakeSite, NO_MIME_LIMITS } from "../../support/fake-site.ts";
import { bodyOf } from "../../support/queue-samples.ts";
import { resolveSimply } from "../../support/fake-smtp-services.ts";

let store: MemoryStore;
let site: Site;
let uses: number;
let accepted: string[];
let bodyType: "8BITMIME" | undefined;
let log: Log;

beforeEach(() => {
  store = new MemoryStore();
  uses = 0;
  accepted = [];
  bodyType = undefined;
  log = silentLog;
  site = siteWith();
});

function siteWith(options?: Options, mimeLimits = NO_MIME_LIMITS): Site {
  const config = { ...testConfig(options), headers: [], precedences: new Map<string, number>() };
  return fakeSite({
    config,
    rules: {
      rewrite: (_mailer, text) => ({ kind: "address", text }),
      resolve: resolveSimply,
      plain: (address) => address,
      localAddress: () => undefined,
      check: () => ({ kind: "ok" }),
      checkText: () => ({ kind: "ok" }),
      select: () => undefined,
      text: () => undefined,
    },
    headerPlan: planHeader(config),
    mimeLimits,
    use() {
      uses++;
      return () => void uses--;
    },
  });
}

/** MAIL, RCPT, DATA as far as they get; the reply to the end of the message, or the first refusal. */
async function bring(judges: JudgeTable, recipients: readonly string[], ...chunks: string[]): Promise<Reply> {
  const court = { judges, log };
  const whole = Transaction.ofSession(site, { relay: "client.test [192.0.2.1]" }, new MacroScope());
  const message = whole.message({ sender: "joe@a.test", smtputf8: false, isReport: false, bodyType });
  const bad = await admitSender(court, message, "<joe@a.test>");
  if (bad !== undefined) return bad;
  for (const address of recipients) {
    const refusal = await admitRecipient(court, message, { shown: `<${address}>`, address });
    if (refusal !== undefined) return refusal;
  }
  const intake = createIntake({
    ...court,
    queue: store,
    clock: systemClock,
    firstTry: () => undefined,
    accepted: ({ id }) => void accepted.push(id),
  });
  const incoming = await intake.begin(message);
  expect(uses).toBe(1);
  for (const chunk of chunks) await incoming.write(Buffer.from(chunk, "latin1"));
  const answer = await incoming.finish();
  expect(uses).toBe(0);
  return answer;
}

const HEADER = "Subject: hello\r\n\r\n";

test("EightBitMode=strict: eight bits only where BODY=8BITMIME said that they come, as a genuine sendmail answers", async () => {
  const [strict, usual] = [siteWith(testOptions({ EightBitMode: "strict" })), site];
  for (const text of [`${HEADER}h\xe9\r\n`, "Subject: h\xe9\r\n\r\nh\r\n"]) {
    [site, bodyType] = [strict, undefined];
    expect(await bring({}, ["joe"], text)).toMatchObject(reply(554, "5.6.1", "Eight bit data not allowed"));
    bodyType = "8BITMIME";
    expect(await bring({}, ["joe"], text)).toMatchObject({ code: 250 });
    [site, bodyType] = [usual, undefined];
    expect(await bring({}, ["joe"], text)).toMatchObject({ code: 250 });
  }
});

test("MaxHeadersLength: a header of that many octets is taken, a longer one refused, wherever it is cut", async () => {
  site = siteWith(testOptions({ MaxHeadersLength: 100 }));
  for (const pieces of [1, 100]) {
    for (const [length, end] of [
      [100, "\r\nbody\r\n"],
      [101, "\r\nbody\r\n"],
      [5_000, ""],
    ] as const) {
      const text = `X: ${"x".repeat(length - 5)}\r\n${end}`;
      const chunks = pieces === 1 ? [text] : (text.match(/[^]{1,7}/g) ?? []);
      const answer = await bring({}, ["joe"], ...chunks);
      expect(answer).toMatchObject(length === 100 ? { code: 250 } : reply(552, "5.6.0", "Headers too large (100 max)"));
    }
  }
  expect(store.list()).toHaveLength(2);
});

test.each([
  ["in the body", `${HEADER}a\0b\r\n`],
  ["in the header", "Subject: a\0b\r\n\r\nx\r\n"],
  ["at the end", `${HEADER}a\r\n\0`],
])("RejectNUL: a message with a NUL octet %s is refused, as by a genuine sendmail", async (_, text) => {
  expect(await bring({}, ["joe"], text)).toMatchObject({ code: 250 });
  site = siteWith(testOptions({ RejectNUL: true }));
  expect(await bring({}, ["joe"], ...Array.from(text))).toMatchObject(reply(554, "5.6.1", "NUL byte not allowed"));
  expect(await bring({}, ["joe"], `${HEADER}x\r\n`)).toMatchObject({ code: 250 });
  expect(store.list()).toHaveLength(2);
});

/** Header and body of the only message in the queue. */
async function stored(): Promise<string> {
  const [{ id, envelope }] = store.list();
  const fields = envelope.headers.map(({ name, value }) => `${name}:${value}\r\n`).join("");
  return `${fields}\r\n${await bodyOf(store, id)}`;
}

test("SevenBitInput: the eighth bit goes, and with it no line begins or ends", async () => {
  site = siteWith(testOptions({ SevenBitInput: true }));
  await bring({}, ["joe"], "Subject: \xe9t\x8aBcc: x\r\n\r\nh\xe9llo\x8d\x8a.\x8d\x8a\r\n", "\xff\x80\xa0\r\n");
  expect(await stored()).toBe("Subject: it?Bcc: x\r\n\r\nhillo??.??\r\n?? \r\n");
  expect(store.list()[0].envelope.eightBit).toBe(false);
});

test("SevenBitInput: who has said BODY=8BITMIME means them", async () => {
  site = siteWith(testOptions({ SevenBitInput: true }));
  bodyType = "8BITMIME";
  await bring({}, ["joe"], `${HEADER}h\xe9llo\r\n`);
  expect(await stored()).toBe(`${HEADER}h\xe9llo\r\n`);
});

test("SingleLineFromHeader: From: has one line, and no other field", async () => {
  const text = "From: a\r\n b <a@b.test>,\r\n\tc@d.test\r\nTo: a,\r\n b\r\n\r\nx\r\n";
  await bring({}, ["joe"], text);
  expect(await stored()).toBe(text);
  store = new MemoryStore();
  site = siteWith(testOptions({ SingleLineFromHeader: true }));
  await bring({}, ["joe"], text);
  expect(await stored()).toBe("From: a  b <a@b.test>, \tc@d.test\r\nTo: a,\r\n b\r\n\r\nx\r\n");
});

// As a genuine sendmail does it with what comes by SMTP.
test.each([
  ["To: a@b.test\r\nBcc: hidden@b.test,\r\n other@b.test\r\n", "To: a@b.test\r\n"],
  ["BCC: hidden@b.test\r\nbcc: other@b.test\r\n", "BCC:\r\nbcc:\r\n"],
  ["To: a@b.test\r\nResent-To: c@d.test\r\nResent-Bcc: hidden@b.test\r\n", "To: a@b.test\r\nResent-To: c@d.test\r\n"],
  ["To: a@b.test\r\nResent-Bcc: hidden@b.test\r\n", "To: a@b.test\r\n"],
  ["X-Bcc: a@b.test\r\nTo: a@b.test\r\n", "X-Bcc: a@b.test\r\nTo: a@b.test\r\n"],
])("hidden recipients of %j do not go on", async (given, kept) => {
  await bring({}, ["joe"], `${given}\r\nx\r\n`);
  expect(await stored()).toBe(`${kept}\r\nx\r\n`);
});

// As a genuine sendmail, which adds a field for each recipient, though, where RFC 5322 wants one.
test.each([
  ["none", ""],
  ["add-to", "To: <joe>,\r\n\t<ann@b.test>\r\n"],
  ["add-apparently-to", "Apparently-To: <joe>,\r\n\t<ann@b.test>\r\n"],
  ["add-to-undisclosed", "To: undisclosed-recipients:;\r\n"],
  ["add-bcc", "Bcc:\r\n"],
])("NoRecipientAction=%s: what a message gets that names no recipient", async (NoRecipientAction, added) => {
  site = siteWith(testOptions({ NoRecipientAction }));
  for (const [text, gets] of [
    ["Subject: s\r\n", added],
    ["Resent-To: z@z.test\r\n", added],
    ["To: z@z.test\r\n", ""],
    ["cc: z@z.test\r\n", ""],
    ["Bcc:\r\n", ""],
    ["Apparently-To: z@z.test\r\n", ""],
  ]) {
    store = new MemoryStore();
    await bring({}, ["joe", "ann@b.test"], `${text}\r\nx\r\n`);
    expect(await stored()).toBe(`${text}${gets}\r\nx\r\n`);
  }
});

const hasParameters = (name: string): boolean => name === "content-type";
const field = (length: number): string => ` text/plain; name="${"n".repeat(length)}"`;

test("MaxMimeHeaderLength: a parameter that is too long is cut in the queue, after the judges saw it, and the log tells", async () => {
  const seen: string[] = [];
  const judge = at("header", (subject) => {
    seen.push((subject as { readonly field: HeaderField }).field.value);
    return { kind: "ok" };
  });
  site = siteWith(testOptions(), { ...NO_MIME_LIMITS, ...readMimeLimits("2048/1024"), hasParameters });
  const logged: string[] = [];
  log = { enabled: () => true, write: (_level, { text }) => void logged.push(text) };
  await bring({ header: [judge] }, ["joe"], `Content-Type:${field(3000)}\r\nX-Type:${field(3000)}\r\n\r\nb\r\n`);
  expect(seen).toEqual([field(3000), field(3000)]);
  const [{ envelope }] = store.list();
  expect(envelope.headers.map(({ value }) => value)).toEqual([field(1017), field(3000)]);
  expect(logged).toContain("MaxMimeHeaderLength: cut Content-Type (possible attack), relay=client.test [192.0.2.1]");
});

/** A judge of one stage that is asked about everything there. */
function at(stage: string, verdict: (subject: unknown) => ReturnType<Judge["judge"]>): Judge {
  return { name: stage, judge: (_stage, _transaction, subject) => verdict(subject) };
}

describe("a message", () => {
  test("is in the queue, durable and on its way, when the answer is 250", async () => {
    const answer = await bring({}, ["ann@b.test", "bob@c.test"], HEADER, "body\r\n");
    const [entry] = store.list();
    expect(answer).toEqual(reply(250, "2.0.0", `${entry.id} Message accepted for delivery`));
    expect(accepted).toEqual([entry.id]);
    expect(entry.envelope.recipients.map(({ given, resolved }) => [given, resolved?.host])).toEqual([
      ["ann@b.test", "b.test"],
      ["bob@c.test", "c.test"],
    ]);
  });

  test.each([
    ["header", { header: [at("header", () => ({ kind: "refuse", reply: reply(550, "5.7.1", "this field") }))] }],
    [
      "body",
      { body: [at("body", () => Promise.resolve({ kind: "refuse", reply: reply(550, "5.7.1", "this body") }))] },
    ],
    ["eom", { eom: [at("eom", () => ({ kind: "defer", reply: reply(451, "4.7.1", "not now") }))] }],
  ] satisfies [string, JudgeTable][])("that a judge of the %s stage refuses leaves nothing", async (_stage, judges) => {
    const answer = await bring(judges, ["ann@b.test"], HEADER, "body\r\n");
    expect(answer.code).toBeGreaterThanOrEqual(400);
    expect(store.list()).toEqual([]);
    expect(accepted).toEqual([]);
  });

  test("that is a report of ours is refused by nobody, whatever its size: the failure that it tells of would come for ever", async () => {
    Object.assign(site.config.options, { number: (name: string) => (/^Max(?:Message|Headers)/.test(name) ? 20 : 25) });
    const judges = Object.fromEntries(
      ["header", "eoh", "body", "eom"].map((stage) => [
        stage,
        [at(stage, () => ({ kind: "refuse", reply: reply(550, "5.7.1", "not this") }))],
      ]),
    );
    const transaction = Transaction.ofSession(site, { relay: "localhost" }, new MacroScope()).message({
      sender: "",
      smtputf8: false,
      isReport: true,
    });
    transaction.recipients.push({ given: "joe@a.test", state: "todo" });
    const environment = { judges, log: silentLog, queue: store, clock: systemClock, firstTry: () => undefined };
    const incoming = await createIntake({ ...environment, accepted: () => undefined }).begin(transaction);
    await incoming.write(Buffer.from(`${HEADER}a body of more than twenty octets\r\n`));
    expect(await incoming.finish()).toMatchObject({ code: 250 });
    expect(store.list()).toHaveLength(1);
  });

  test("for nobody is accepted and kept nowhere", async () => {
    expect((await bring({}, ["gone"], HEADER, "body\r\n")).code).toBe(250);
    expect(store.list()).toEqual([]);
  });

  test("in quarantine waits, with the reason", async () => {
    const eom = [at("eom", () => ({ kind: "quarantine", reason: "odd" }))];
    expect((await bring({ eom }, ["ann@b.test"], HEADER)).code).toBe(250);
    expect(store.list({ held: true }).map(({ hold }) => hold)).toEqual(["odd"]);
    expect(accepted).toEqual([]);
  });

  test("is stored with the header and the recipients that judges gave it", async () => {
    const eom = [
      at("eom", () => ({
        kind: "ok",
        changes: {
          header: [{ kind: "replace", name: "Subject", occurrence: 1, value: " [checked] hello" }],
          recipients: (before) => [...before, { given: "archive@b.test", state: "todo" }],
        },
      })),
    ];
    await bring({ eom }, ["ann@b.test"], HEADER, "body\r\n");
    const [{ envelope }] = store.list();
    expect(envelope.headers.map(({ name, value }) => `${name}:${value}`)).toEqual(["Subject: [checked] hello"]);
    expect(envelope.recipients.map(({ given }) => given)).toEqual(["ann@b.test", "archive@b.test"]);
  });
});
