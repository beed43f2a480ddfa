import { beforeEach, describe, expect, test } from "@jest/globals";
import type { Config, Options } from "../../../src/config/config.ts";
import type { Job } from "../../../src/delivery/agent.ts";
import { type AttemptEnvironment, attempt } from "../../../src/dispatch/attempt.ts";
import { bounce, type NewRoute, reroute, type Steered } from "../../../src/dispatch/steer.ts";
import type { Envelope } from "../../../src/envelope/envelope.ts";
import type { Recipient } from "../../../src/envelope/recipient.ts";
import type { RecipientStatus } from "../../../src/envelope/status.ts";
import { silentLog } from "../../../src/log/log.ts";
import { MemoryStore } from "../../../src/queue/memory-store.ts";
import type { AcceptOptions } from "../../../src/queue/queue.ts";
import type { Transaction } from "../../../src/reception/transaction.ts";
import { MacroScope } from "../../../src/rewriting/macro-scope.ts";
import { EMPTY_CLASS } from "../../../src/rewriting/word-set.ts";
import type { MailRules } from "../../../src/routing/mail-rules.ts";
import { testMailer } from "../../support/delivery-job.ts";
import { fakeSite } from "../../support/fake-site.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { deferred, put, recipient } from "../../support/queue-samples.ts";
import { ownFiles } from "../../support/user-files.ts";

let clock: ManualClock;
let store: MemoryStore;
/** What happened, in order. */
let story: string[];
let reportsWork: boolean;

beforeEach(() => {
  clock = new ManualClock();
  store = new MemoryStore(clock);
  story = [];
  reportsWork = true;
  const settle = store.settle.bind(store);
  store.settle = (claim, changes) => {
    story.push(`settle ${changes.recipients.map(({ index, state }) => `${index}=${state}`).join(" ")}`);
    return settle(claim, changes);
  };
});

const mailers = ["local", "prog", "esmtp", "relay"].map((name) => testMailer({ name, flags: "", maxRecipients: 0 }));
const config = {
  options: {
    text: () => "",
    number: () => 10,
    timeout: () => 0,
    time: () => 0,
    flag: () => false,
  } as unknown as Options,
  queueGroups: new Map(),
  mailers: new Map(mailers.map((each) => [each.name, each])),
  macros: new MacroScope(),
  classWords: () => EMPTY_CLASS,
  expand: (text: string) => text,
  rewriter: { number: () => undefined },
} as unknown as Config;

/** Hosts in .test are known, others are not; `nobody` is refused, `hole` thrown away. */
const rules = {
  resolve(address: string) {
    if (address.startsWith("nobody")) return { kind: "error", reply: { code: 550, enhanced: "5.1.1", lines: ["no"] } };
    if (address.startsWith("hole")) return { kind: "discard" };
    if (address.startsWith("later")) return { kind: "tempfail", reply: { code: 451, lines: ["wait"] } };
    const host = address.slice(address.indexOf("@") + 1);
    return { kind: "triple", triple: { mailer: "esmtp", host, user: address }, canonical: address };
  },
  rewrite: ({ name }: { name: string }, address: string) => ({ kind: "address", text: `${address}!${name}` }),
} as unknown as MailRules;

function environment(): AttemptEnvironment {
  const site = fakeSite({
    config,
    rules,
    agents: {
      connects: (name: string) => name === "esmtp" || name === "relay",
      files: ownFiles,
      agentFor: () => ({
        deliver({ mailer, host, recipients }: Job) {
          const who = recipients.map(({ triple }) => triple.user).join(",");
          story.push(`deliver ${mailer.name}:${host} ${who}`);
          const status: RecipientStatus = { ...deferred, at: clock.now() };
          return Promise.resolve({ statuses: new Map(recipients.map(({ index }) => [index, status] as const)) });
        },
      }),
      close: () => Promise.resolve(),
    },
  });
  return {
    site: () => site,
    store,
    clock,
    log: silentLog,
    reports: {
      clock,
      log: silentLog,
      intake: {
        begin({ recipients }: Transaction) {
          story.push(`report to ${recipients.map(({ given }) => given).join(",")}`);
          return {
            id: "report",
            write: () => undefined,
            finish: () => Promise.resolve({ code: reportsWork ? 250 : 452, lines: ["x"] }),
            abort: () => undefined,
          };
        },
      },
    },
    nextTry: (_site, _entry, now) => now + 1000,
    signal: new AbortController().signal,
  };
}

/** Puts a message with these recipients into the queue, and says its id. */
async function queued(given: readonly (string | Recipient)[], options?: AcceptOptions): Promise<string> {
  const recipients = given.map((each) => (typeof each === "string" ? recipient(each) : each));
  return (await put(store, "x\r\n", { sender: "me@a.test", recipients }, options)).id;
}

function recipientsOf(id: string): Envelope["recipients"] {
  return store.get(id)!.envelope.recipients;
}

async function tried(id: string): Promise<void> {
  await attempt(environment(), store.claim(id)!);
}

const everybody = (): boolean => true;
const only =
  (...names: readonly string[]) =>
  ({ given }: Recipient): boolean =>
    names.includes(given);

function give(id: string, chosen: (each: Recipient) => boolean): Promise<Steered> {
  return bounce(environment(), id, chosen, "No such company");
}

function send(id: string, route: NewRoute, chosen: (each: Recipient) => boolean = everybody): Promise<Steered> {
  return reroute(environment(), id, chosen, route);
}

describe("bounce()", () => {
  test("tells the sender, then the recipients have failed; the others stay as they are", async () => {
    const waiting = recipient("b@b.test", { state: "deferred", status: deferred });
    const id = await queued(["a@b.test", waiting, "c@b.test"], { nextTry: 7000 });
    expect(await give(id, only("a@b.test", "b@b.test"))).toBe("done");
    expect(story).toEqual(["report to me@a.test", "settle 0=failed 1=failed"]);
    expect(recipientsOf(id).map(({ state, status }) => [state, status?.text])).toEqual([
      ["failed", "No such company"],
      ["failed", "No such company (last attempt: Connection refused by b.test.)"],
      ["todo", undefined],
    ]);
    expect(recipientsOf(id)[1].status).toMatchObject({ status: "5.0.0", earlier: [{ text: deferred.text }] });
    expect(store.get(id)!.nextTry).toBe(7000);
    expect(store.claimedIds().size).toBe(0);
  });

  test("a message of which nobody is left leaves the queue, also when it is held", async () => {
    const id = await queued(["a@b.test"], { hold: "odd" });
    expect(await give(id, everybody)).toBe("done");
    expect(store.get(id)).toBeUndefined();
    expect(story).toEqual(["report to me@a.test", "settle 0=failed"]);
  });

  test("a held message with others stays held", async () => {
    const id = await queued(["a@b.test", "b@b.test"], { hold: "odd" });
    expect(await give(id, only("a@b.test"))).toBe("done");
    expect(store.get(id)!.hold).toBe("odd");
    expect(store.claim(id)).toBeUndefined();
  });

  test("what cannot be reported has not failed", async () => {
    reportsWork = false;
    const id = await queued(["a@b.test"]);
    await expect(give(id, everybody)).rejects.toThrow("cannot queue the report");
    expect(recipientsOf(id)[0].state).toBe("todo");
    expect(store.claim(id)).toBeDefined();
  });

  test("says who cannot be worked on", async () => {
    const id = await queued(["a@b.test", recipient("done@b.test", { state: "delivered" })]);
    expect(await give(id, only("done@b.test"))).toBe("none");
    const claim = store.claim(id)!;
    expect(await give(id, everybody)).toBe("busy");
    store.finish(claim);
    expect(await give("5AKJNo00000000", everybody)).toBe("gone");
    expect(story).toEqual([]);
  });
});

describe("reroute()", () => {
  test("goes by way of a host at all attempts to come, until the rules choose again", async () => {
    const id = await queued(["a@b.test", "b@b.test"], { nextTry: 60_000 });
    expect(await send(id, { kind: "host", host: "[192.0.2.1]" }, only("a@b.test"))).toBe("done");
    expect(store.get(id)!.nextTry).toBe(clock.now());
    await tried(id);
    await tried(id);
    expect(await send(id, { kind: "host", host: "hub.test", mailer: "RELAY" })).toBe("done");
    await tried(id);
    expect(await send(id, { kind: "rules" }, only("a@b.test"))).toBe("done");
    expect(recipientsOf(id)[0]).toEqual(expect.not.objectContaining({ rerouted: expect.anything() as unknown }));
    await tried(id);
    expect(story.filter((line) => line.startsWith("deliver"))).toEqual([
      "deliver esmtp:[192.0.2.1] a@b.test!esmtp",
      "deliver esmtp:b.test. b@b.test",
      "deliver esmtp:[192.0.2.1] a@b.test!esmtp",
      "deliver esmtp:b.test b@b.test",
      "deliver relay:hub.test a@b.test!relay",
      "deliver relay:hub.test b@b.test!relay",
      "deliver esmtp:b.test a@b.test",
      "deliver relay:hub.test b@b.test!relay",
    ]);
  });

  test("of a recipient whom nobody has looked up the rules say the mailer", async () => {
    const id = await queued([{ given: "a@b.test", state: "todo" }]);
    expect(await send(id, { kind: "host", host: "hub.test" })).toBe("done");
    await tried(id);
    expect(story).toContain("deliver esmtp:hub.test a@b.test!esmtp");
    const unknown = await queued([{ given: "nobody@b.test", state: "todo" }]);
    await expect(send(unknown, { kind: "host", host: "hub.test" })).rejects.toThrow("mailer unknown of the recipient");
  });

  test("rules that refuse the address are no obstacle", async () => {
    const id = await queued([recipient("nobody@b.test", { state: "deferred", status: deferred })]);
    await send(id, { kind: "host", host: "hub.test" });
    await tried(id);
    await tried(id);
    expect(story.filter((line) => line.startsWith("deliver"))).toEqual(
      Array.from({ length: 2 }, () => "deliver esmtp:hub.test nobody@b.test!esmtp"),
    );
  });

  test("goes to another recipient, who has what was asked for the old one", async () => {
    const asked = { orcpt: "rfc822;a@b.test", notify: ["FAILURE"] as const, owner: "boss@a.test" };
    const id = await queued([recipient("a@b.test", asked), "b@b.test"]);
    expect(await send(id, { kind: "address", address: "new@c.test" }, only("a@b.test"))).toBe("done");
    expect(recipientsOf(id).map(({ given, state }) => [given, state])).toEqual([
      ["a@b.test", "duplicate"],
      ["b@b.test", "todo"],
      ["new@c.test", "todo"],
    ]);
    expect(recipientsOf(id)[0].status?.text).toBe("Rerouted to <new@c.test>");
    expect(recipientsOf(id)[2]).toMatchObject(asked);
    await tried(id);
    expect(story.at(-2)).toBe("deliver esmtp:c.test new@c.test");
  });

  test("there and back again is no circle, and two who are sent to one address are one", async () => {
    const id = await queued(["a@b.test", "b@b.test"]);
    await send(id, { kind: "address", address: "new@c.test" });
    await tried(id);
    expect(recipientsOf(id).map(({ state }) => state)).toEqual(["duplicate", "duplicate", "deferred", "duplicate"]);
    await send(id, { kind: "address", address: "a@b.test" });
    story = [];
    await tried(id);
    expect(story).toContain("deliver esmtp:b.test a@b.test");
  });

  test("a held message stays held", async () => {
    const id = await queued(["a@b.test"], { hold: "odd" });
    expect(await send(id, { kind: "host", host: "hub.test" })).toBe("done");
    expect(store.get(id)).toMatchObject({ hold: "odd" });
    expect(store.claimDue(Infinity, 1)).toEqual([]);
  });

  const wrong: readonly (readonly [NewRoute, string])[] = [
    [
      { kind: "host", host: "hub.test", mailer: "nosuch" },
      "no mailer nosuch opens connections; there are esmtp, relay",
    ],
    [{ kind: "host", host: "hub.test", mailer: "prog" }, "no mailer prog opens connections"],
    [{ kind: "host", host: "" }, "not the name of a host"],
    [{ kind: "host", host: "a b" }, "not the name of a host"],
    [{ kind: "address", address: "|/bin/sh" }, "not an address"],
    [{ kind: "address", address: "/etc/passwd" }, "not an address"],
    [{ kind: "address", address: ":include:/etc/passwd" }, "not an address"],
    [{ kind: "address", address: "a@b.test\r\nx" }, "not an address"],
    [{ kind: "address", address: "nobody@b.test" }, "550 5.1.1 no"],
    [{ kind: "address", address: "hole@b.test" }, "the rules throw it away"],
  ];
  test.each(wrong)("refuses %j", async (route, why) => {
    const id = await queued(["a@b.test"]);
    const before = store.get(id);
    await expect(send(id, route)).rejects.toThrow(why);
    expect(store.get(id)).toEqual(before);
    expect(store.claim(id)).toBeDefined();
  });

  test("a mailer that opens no connection is none to keep", async () => {
    const id = await queued([recipient("a", { resolved: { mailer: "local", host: "", user: "a" } })]);
    await expect(send(id, { kind: "host", host: "hub.test" })).rejects.toThrow("name one of esmtp, relay");
  });

  test("an address that cannot be told now is taken", async () => {
    const id = await queued(["a@b.test"]);
    expect(await send(id, { kind: "address", address: "later@c.test" })).toBe("done");
  });
});
