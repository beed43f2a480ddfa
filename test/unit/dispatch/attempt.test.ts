import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { ownFiles } from "../../support/user-files.ts";
import type { Config, Options } from "../../../src/config/config.ts";
import type { Mailer } from "../../../src/config/mailer.ts";
import type { Agent, Job } from "../../../src/delivery/agent.ts";
import { type AttemptEnvironment, attempt } from "../../../src/dispatch/attempt.ts";
import type { Transaction } from "../../../src/reception/transaction.ts";
import type { Envelope } from "../../../src/envelope/envelope.ts";
import type { Recipient } from "../../../src/envelope/recipient.ts";
import type { RecipientStatus } from "../../../src/envelope/status.ts";
import { type LogLine, silentLog } from "../../../src/log/log.ts";
import { openDraft } from "../../../src/queue/draft.ts";
import { MemoryStore } from "../../../src/queue/memory-store.ts";
import type { QueueEntry } from "../../../src/queue/queue.ts";
import { EMPTY_CLASS } from "../../../src/rewriting/word-set.ts";
import { MacroScope } from "../../../src/rewriting/macro-scope.ts";
import { createAliases } from "../../../src/routing/aliases.ts";
import type { MailRules } from "../../../src/routing/mail-rules.ts";
import { systemClock } from "../../../src/sys/clock.ts";
import { testMailer } from "../../support/delivery-job.ts";
import { fakeSite } from "../../support/fake-site.ts";

/** What happened, in order. */
let story: string[];
let store: MemoryStore;
/** Outcome by user of the triple; default delivered. */
let outcomes: Record<string, RecipientStatus["action"]>;
let reportsWork: boolean;

beforeEach(() => {
  story = [];
  outcomes = {};
  reportsWork = true;
  store = new MemoryStore();
  const settle = store.settle.bind(store);
  store.settle = (claim, changes) => {
    const { recipients, added = [] } = changes;
    story.push(`settle ${recipients.map(({ index, state }) => `${index}=${state}`).join(" ")} +${added.length}`);
    return settle(claim, changes);
  };
  const record = store.record.bind(store);
  store.record = (claim, noted) => {
    story.push(`record ${noted.recipients.join(" ")}`);
    record(claim, noted);
  };
});
afterEach(() => store.close());

function mailer(name: string, flags: string): [string, Mailer] {
  return [name, testMailer({ name, flags, maxRecipients: 0 })];
}

const config = {
  options: {
    text: () => "",
    number: () => 10,
    timeout: () => 0,
    time: () => 0,
    flag: () => false,
  } as unknown as Options,
  queueGroups: new Map(),
  mailers: new Map([mailer("local", "A"), mailer("esmtp", "m")]),
  macros: new MacroScope(),
  classWords: () => EMPTY_CLASS,
  expand: (text: string) => text,
  rewriter: { number: () => undefined },
} as unknown as Config;

const rules = {
  resolve: (address: string) => ({
    kind: "triple",
    triple: address.includes("@")
      ? { mailer: "esmtp", host: address.slice(address.indexOf("@") + 1), user: address }
      : { mailer: "local", host: "", user: address },
    canonical: address,
  }),
} as unknown as MailRules;

const agent: Agent = {
  deliver(job: Job) {
    story.push(
      `deliver ${job.mailer.name} ${job.recipients.map(({ triple }) => triple.user).join(",")} from <${job.envelope.sender}>`,
    );
    const statuses = job.recipients.map(({ index, triple }): [number, RecipientStatus] => {
      const action = outcomes[triple.user] ?? "relayed";
      return [index, { action, status: action === "failed" ? "5.1.1" : "2.0.0", text: "text", at: 0 }];
    });
    return Promise.resolve({ statuses: new Map(statuses) });
  },
};

function environment(
  aliases: Record<string, string> = {},
  parts: { readonly config?: Config; readonly agent?: (mailer: Mailer) => Agent } = {},
): AttemptEnvironment {
  const site = fakeSite({
    config: parts.config ?? config,
    rules,
    aliases: createAliases([
      {
        name: "test",
        lookup: (key) => (key in aliases ? { kind: "found", value: aliases[key] } : { kind: "missing" }),
      },
    ]),
    agents: {
      connects: () => true,
      files: ownFiles,
      agentFor: parts.agent ?? (() => agent),
      close: () => Promise.resolve(),
    },
  });
  return {
    site: () => site,
    store,
    clock: systemClock,
    log: silentLog,
    reports: {
      clock: systemClock,
      log: silentLog,
      intake: {
        begin({ recipients, announced }: Transaction) {
          story.push(`report to ${recipients.map(({ given }) => given).join(",")} from <${announced.sender}>`);
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

/** The agent of all mailers but one. */
function broken({ name }: Mailer): Agent {
  if (name === "local") throw new Error("a fault");
  return agent;
}

async function queued(sender: string, ...given: string[]): Promise<QueueEntry> {
  const draft = await openDraft(store);
  const recipients: Recipient[] = given.map((each) => ({ given: each, state: "todo" }));
  const envelope: Envelope = {
    id: draft.id,
    sender,
    recipients,
    headers: [],
    bodySize: 0,
    eightBit: false,
    smtputf8: false,
    arrived: Date.now(),
    macros: {},
    isReport: false,
    messageClass: 0,
  };
  return draft.commit(envelope);
}

/** One attempt at a message that nobody has claimed. */
async function tried(id: string, place = environment()): Promise<void> {
  const claim = store.claim(id);
  if (claim === undefined) throw new Error(`${id} cannot be claimed`);
  await attempt(place, claim);
}

function notifyAll(id: string, notify: Recipient["notify"]): void {
  const recipients = store.get(id)!.envelope.recipients as Recipient[];
  recipients.forEach((each, index) => (recipients[index] = { ...each, notify }));
}

/** Who got the message, in order. */
function served(): string[] {
  return story.filter((line) => line.startsWith("deliver")).flatMap((line) => line.split(" ")[2].split(","));
}

describe("attempt()", () => {
  test("tells agents whether it is the first one", async () => {
    outcomes["x@far.test"] = "delayed";
    const { id } = await queued("me@a.test", "x@far.test");
    const firsts: (boolean | undefined)[] = [];
    const noting: Agent = {
      deliver(job) {
        firsts.push(job.isFirst);
        return agent.deliver(job);
      },
    };
    for (let round = 0; round < 3; round++) await tried(id, environment({}, { agent: () => noting }));
    expect(firsts).toEqual([true, false, false]);
  });

  test("records the attempt before it delivers, and settles afterwards", async () => {
    const { id } = await queued("me@a.test", "x@far.test", "y@far.test");
    await tried(id);
    expect(story.slice(-3)).toEqual([
      "record 0 1",
      "deliver esmtp x@far.test,y@far.test from <me@a.test>",
      "settle 0=delivered 1=delivered +0",
    ]);
    expect(store.get(id)).toBeUndefined();
  });

  test("writes down an expansion before any of its children is tried", async () => {
    const { id } = await queued("me@a.test", "list");
    await tried(id, environment({ list: "x@far.test, y@far.test", "owner-list": "boss@a.test" }));
    expect(story).toEqual([
      "settle 0=expanded +2",
      "record 1 2",
      "deliver esmtp x@far.test,y@far.test from <boss@a.test>",
      "settle 1=delivered 2=delivered +0",
    ]);
  });

  test("delivers to one portion of a large list while it reads the next, and writes down who is served", async () => {
    const members = Array.from({ length: 3_000 }, (_, at) => `m${at}@h${at % 7}.test`);
    const { id } = await queued("me@a.test", "list");
    await tried(id, environment({ list: members.join(", ") }));
    const order = story.map((line) => line.split(" ")[0]);
    expect(order.filter((word) => word === "record")).toHaveLength(1);
    expect(order.indexOf("deliver")).toBeLessThan(story.lastIndexOf(story.findLast((line) => / \+[1-9]/.test(line))!));
    expect(story.find((line) => line.includes("0=expanded"))).toMatch(/ \+[1-9]/);
    expect(served().toSorted()).toEqual(members.toSorted());
    expect(story.filter((line) => /=delivered/.test(line)).length).toBeGreaterThan(5);
    expect(store.get(id)).toBeUndefined();
  });

  test("logs which alias it opens", async () => {
    const { id } = await queued("me@a.test", "list");
    const lines: string[] = [];
    const write = (level: number, { text }: LogLine): void => void lines.push(`${level} ${text}`);
    await tried(id, {
      ...environment({ list: "x@far.test,\n y@far.test" }),
      log: { ...silentLog, enabled: () => true, write },
    });
    expect(lines).toContain("10 alias list => x@far.test,\n y@far.test");
  });

  test("a portion that cannot be made durable is not tried; the rest is served at the next attempt, nobody twice", async () => {
    const members = Array.from({ length: 3_000 }, (_, at) => `m${at}@h${at % 7}.test`);
    const aliases = { list: members.join(", ") };
    const { id } = await queued("me@a.test", "list");
    const flush = store.flush.bind(store);
    let flushes = 0;
    store.flush = () => (++flushes === 3 ? Promise.reject(new Error("no space")) : flush());
    await tried(id, environment(aliases));
    const before = served();
    expect(before.length).toBeGreaterThan(0);
    expect(before.length).toBeLessThan(1_000);
    await tried(id, environment(aliases));
    expect(served().toSorted()).toEqual(members.toSorted());
    expect(store.get(id)).toBeUndefined();
  });

  test("writes nobody down early whose success is to be reported", async () => {
    const { id } = await queued("me@a.test", ...Array.from({ length: 500 }, (_, at) => `m${at}@far.test`));
    notifyAll(id, ["SUCCESS"]);
    await tried(id);
    expect(story.filter((line) => /=delivered/.test(line))).toHaveLength(1);
    expect(story.at(-2)).toBe("report to me@a.test from <>");
  });

  describe("of a message whose sender wants to hear of success", () => {
    const lists = { one: "two", two: "x@far.test", pair: "x@far.test, y@far.test", "owner-list": "boss@a.test" };
    /** What the member was sent with, and what the sender heard before the expansion was written down. */
    async function members(
      to: string,
      notify: Recipient["notify"],
    ): Promise<readonly (Recipient["notify"] | string)[]> {
      const wished: (Recipient["notify"] | string)[] = [];
      const noting: Agent = {
        deliver(job) {
          for (const { recipient } of job.recipients) wished.push(recipient.notify);
          return agent.deliver(job);
        },
      };
      story = [];
      const { id } = await queued("me@a.test", to);
      notifyAll(id, notify);
      await tried(id, environment({ ...lists, list: lists.pair }, { agent: () => noting }));
      const told = story.findIndex((line) => line.startsWith("report"));
      const expanded = story.findIndex((line) => line.includes("=expanded"));
      return [...wished, ...(told >= 0 && told < expanded ? ["told"] : [])];
    }

    test("an alias of one hands the wish on", async () => {
      expect(await members("one", ["SUCCESS", "FAILURE"])).toEqual([["SUCCESS", "FAILURE"]]);
    });

    test("an alias of several is the end of it: the sender hears that, and of failures if he wants to", async () => {
      expect(await members("pair", ["SUCCESS", "FAILURE"])).toEqual([["FAILURE"], ["FAILURE"], "told"]);
    });

    test("nothing else that he wants to hear of is invented", async () => {
      expect(await members("pair", ["SUCCESS"])).toEqual([["NEVER"], ["NEVER"], "told"]);
      expect(await members("pair", undefined)).toEqual([undefined, undefined]);
    });

    test("a list with an owner has the message; the owner has asked for nothing", async () => {
      expect(await members("list", ["SUCCESS", "FAILURE"])).toEqual([undefined, undefined, "told"]);
      expect(await members("list", ["NEVER"])).toEqual([undefined, undefined]);
    });
  });

  test("mail from nobody stays that for members of a list with an owner", async () => {
    const { id } = await queued("", "list");
    await tried(id, environment({ list: "x@far.test, y@far.test", "owner-list": "boss@a.test" }));
    expect(story).toContain("deliver esmtp x@far.test,y@far.test from <>");
  });

  test("queues the report before it settles the failure", async () => {
    outcomes["x@far.test"] = "failed";
    const { id } = await queued("me@a.test", "x@far.test");
    await tried(id);
    expect(story.slice(-2)).toEqual(["report to me@a.test from <>", "settle 0=failed +0"]);
  });

  test("settles nothing when the report cannot be queued: the failure is met again later", async () => {
    outcomes["x@far.test"] = "failed";
    reportsWork = false;
    const { id } = await queued("me@a.test", "x@far.test");
    const lines: string[] = [];
    const log = { ...silentLog, write: (_level: number, { text }: LogLine) => void lines.push(text) };
    await tried(id, { ...environment(), log });
    expect(lines.filter((line) => /SYSERR.*cannot queue the report/.test(line))).toHaveLength(1);
    expect(story.some((line) => line.startsWith("settle 0=failed"))).toBe(false);
    expect(store.get(id)).toMatchObject({ envelope: { recipients: [{ state: "todo" }] } });
    expect(store.get(id)!.nextTry).toBeGreaterThan(Date.now());
    expect(store.claimedIds().size).toBe(0);
  });

  test("does not deliver again to those who have the message when a report about others cannot be queued", async () => {
    outcomes["x@far.test"] = "failed";
    outcomes["z@far.test"] = "delayed";
    reportsWork = false;
    const { id } = await queued("me@a.test", "x@far.test", "y@far.test", "z@far.test");
    await tried(id);
    const states = ["todo", "delivered", "deferred"].map((state) => ({ state }));
    expect(store.get(id)).toMatchObject({ envelope: { recipients: states } });
    expect(store.get(id)!.nextTry).toBeGreaterThan(Date.now());
    await tried(id);
    reportsWork = true;
    await tried(id);
    expect(story.filter((line) => line.startsWith("deliver")).map((line) => line.split(" ")[2])).toEqual([
      "x@far.test,y@far.test,z@far.test",
      "x@far.test,z@far.test",
      "x@far.test,z@far.test",
    ]);
    expect(store.get(id)).toMatchObject({ envelope: { recipients: [{ state: "failed" }, {}, { state: "deferred" }] } });
  });

  test("a fault of ours in one transaction leaves what others have done", async () => {
    const { id } = await queued("me@a.test", "joe", "x@far.test");
    await tried(id, environment({}, { agent: broken }));
    expect(store.get(id)).toMatchObject({ envelope: { recipients: [{ state: "deferred" }, { state: "delivered" }] } });
    await tried(id);
    expect(story.filter((line) => line.startsWith("deliver"))).toEqual([
      "deliver esmtp x@far.test from <me@a.test>",
      "deliver local joe from <me@a.test>",
    ]);
  });

  test("tells the sender when a fault of ours has kept a message for too long", async () => {
    const { id } = await queued("me@a.test", "x@far.test");
    store.record = () => {
      throw new Error("a fault");
    };
    await tried(id);
    expect(story.filter((line) => line.startsWith("report"))).toEqual([]);
    expect(store.get(id)).toMatchObject({ envelope: { recipients: [{ state: "todo" }] } });
    const day = 86_400_000;
    const timeout = (name: string): number => (name.startsWith("queuereturn") ? day : 0);
    const impatient = { ...config, options: { ...config.options, timeout } } as Config;
    const clock = { ...systemClock, now: () => Date.now() + 2 * day };
    await tried(id, { ...environment({}, { config: impatient }), clock });
    expect(story.slice(-2)).toEqual(["report to me@a.test from <>", "settle 0=failed +0"]);
    expect(store.get(id)).toBeUndefined();
  });

  test("never reports about mail from nobody", async () => {
    outcomes["x@far.test"] = "failed";
    const { id } = await queued("", "x@far.test");
    await tried(id);
    expect(story.filter((line) => line.startsWith("report"))).toEqual([]);
    expect(store.get(id)).toBeUndefined();
  });

  test("keeps what is delayed, with a time for the next try", async () => {
    outcomes["x@far.test"] = "delayed";
    const { id } = await queued("me@a.test", "x@far.test", "y@other.test");
    await tried(id);
    const left = store.get(id);
    expect(left?.envelope.recipients.map(({ state }) => state)).toEqual(["deferred", "delivered"]);
    expect(left?.nextTry).toBeGreaterThan(Date.now());
    story.length = 0;
    outcomes = {};
    await tried(id);
    expect(store.get(id)).toBeUndefined();
    expect(story.filter((line) => line.startsWith("deliver"))).toEqual(["deliver esmtp x@far.test from <me@a.test>"]);
  });

  test("says nothing about a message that somebody else has by now", async () => {
    const { id } = await queued("me@a.test", "x@far.test");
    const claim = store.claim(id)!;
    store.finish(claim);
    const other = store.claim(id)!;
    await attempt(environment(), claim);
    expect(store.get(id)).toMatchObject({ envelope: { recipients: [{ state: "todo" }] } });
    expect(store.claimedIds()).toEqual(new Set([id]));
    store.finish(other);
  });
});
