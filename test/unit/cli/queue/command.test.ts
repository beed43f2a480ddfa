import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { runQueueCommand } from "../../../../src/cli/queue/command.ts";
import { listingOf } from "../../../../src/control/queue-listing.ts";
import { type ControlSocket, serveControl } from "../../../../src/control/server.ts";
import { queueChanges, queueLooks } from "../../../../src/daemon/queue-desk.ts";
import type { SteerEnvironment } from "../../../../src/dispatch/steer.ts";
import { silentLog } from "../../../../src/log/log.ts";
import { ClientQueue } from "../../../../src/queue/client-queue.ts";
import type { QueueFilter } from "../../../../src/queue/filter.ts";
import { MemoryStore } from "../../../../src/queue/memory-store.ts";
import { runCommand } from "../../../support/command.ts";
import { servicesWith } from "../../../support/control-services.ts";
import { deferred, envelope, put, recipient } from "../../../support/queue-samples.ts";

let home: string;
let store: MemoryStore;
let server: ControlSocket | undefined;
let before: string | undefined;
/** Requests for bounces, reroutes and retries, which a store alone cannot do. */
let asked: [string, QueueFilter, unknown][];
/** What is wrong with the next route. */
let wrongRoute: string | undefined;

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), "rulemail-queue-command-"));
  before = process.env["RULEMAIL_HOME"];
  process.env["RULEMAIL_HOME"] = home;
  store = new MemoryStore();
  asked = [];
  wrongRoute = undefined;
  const note = (op: string) => async (filter: QueueFilter, what?: unknown) => {
    asked.push([op, filter, what]);
    if (wrongRoute !== undefined) throw new Error(wrongRoute);
    const [first] = filter.ids ?? [];
    return { done: (filter.ids?.length ?? 0) - 1, left: [{ id: first, why: "it is being delivered just now" }] };
  };
  server = await serveControl({
    path: join(home, "control"),
    mode: 0o600,
    access: "all",
    services: servicesWith({
      ...queueLooks({ store, site: () => undefined, whyNot: () => undefined }),
      ...queueChanges({ store, log: silentLog } as unknown as SteerEnvironment),
      count: (filter) => store.count(filter),
      list: (filter) => store.list(filter).map((entry) => listingOf(entry, false)),
      run: (filter) => {
        asked.push(["run", filter, undefined]);
        return store.hurry(filter);
      },
      bounce: note("bounce"),
      reroute: note("reroute"),
      bounceClient: note("bounceClient"),
      rerouteClient: note("rerouteClient"),
      suspensions: (change) => (change === undefined ? ["a.test", "b.test"] : [change.host]),
    }),
  });
});

afterEach(async () => {
  await server?.close();
  if (before === undefined) delete process.env["RULEMAIL_HOME"];
  else process.env["RULEMAIL_HOME"] = before;
  rmSync(home, { recursive: true });
});

function queue(...words: string[]): ReturnType<typeof runCommand> {
  return runCommand(runQueueCommand, words);
}

/** A message that has waited for an hour. */
async function waiting(host = "b.test.", more: Partial<Parameters<typeof envelope>[1]> = {}): Promise<string> {
  const resolved = { mailer: "esmtp", host, user: "bob" };
  const given = `bob@${host.replace(/\.$/, "")}`;
  const recipients = [recipient(given, { resolved, state: "deferred", status: deferred })];
  const arrived = Date.now() - 3_600_000;
  return (await put(store, "one\r\ntwo\r\n", { recipients, arrived, ...more })).id;
}

describe("rulemail queue", () => {
  test("list shows what waits and why; conditions and --limit narrow it down", async () => {
    const one = await waiting();
    const two = await waiting("c.test.", { sender: "" });
    await store.hold(two, "odd");
    const { output, status } = await queue("list");
    expect(status).toBe(0);
    expect(output.split("\n")).toEqual([
      `${one}   1h    10   not tried yet, next now   <anna@a.test>`,
      "    <bob@b.test>: Connection refused by b.test.",
      `${two}   1h    10   not tried yet, held   <>`,
      "    held: odd",
      "    <bob@c.test>: Connection refused by b.test.",
      "2 messages",
      "",
    ]);
    expect((await queue("list", "--host", "b.test", "--older", "30m")).output).toContain("1 message\n");
    expect((await queue("list", "--newer", "30m")).output).toBe("nothing waits\n");
    expect((await queue("list", "--limit", "1")).output).toMatch(/<bob@b\.test>[^]*1 of 2 messages\n$/);
    const [json] = (await queue("list", "--json", "--held")).output.split("\n");
    expect(JSON.parse(json)).toMatchObject({ id: two, hold: "odd" });
  });

  test("top counts by destination and reason, or as asked", async () => {
    await waiting();
    await waiting();
    await waiting("c.test.");
    expect((await queue("top")).output.split("\n")).toEqual([
      "recipients  messages  octets  oldest  next  destination  reason",
      "         2         2      20      1h  now   b.test       Connection refused by b.test.",
      "         1         1      10      1h  now   c.test       Connection refused by b.test.",
      "",
      "3 messages, 3 recipients, 30 octets",
      "",
    ]);
    expect((await queue("top", "--by", "sender", "--host", "c.test")).output).toContain("<anna@a.test>");
    expect((await queue("top", "--limit", "1")).output).toContain("and 1 line more: 1 recipient");
    expect(JSON.parse((await queue("top", "--json")).output)).toMatchObject({
      recipients: 3,
      lines: [{ recipients: 2 }, {}],
    });
    expect((await queue("top", "--by", "colour")).status).toBe(64);
  });

  test("show gives envelope, header and body, or one of them", async () => {
    const id = await waiting();
    const { output } = await queue("show", id);
    expect(output).toContain(`*** envelope of ${id}\nsender        <anna@a.test>\n`);
    expect(output).toContain("<bob@b.test> deferred; mailer/host/user esmtp/b.test./bob; Deferred: Connection refused");
    expect(output).toContain(`*** header of ${id}\nReceived: from x.test\n\tby y.test id ${id}\nSubject: Gr`);
    expect(output).toMatch(/\*\*\* body of \w+\none\ntwo\n$/);
    expect((await queue("show", id, "--body")).output).toBe("one\ntwo\n");
    expect((await queue("show", id, "--raw")).output).toMatch(/^Received:[^]*X-Empty:\s*\n\none\ntwo\n$/);
    const json = JSON.parse((await queue("show", id, "--json", "--body")).output) as Record<string, unknown>;
    expect(json).toMatchObject({ entry: { id, envelope: { sender: "anna@a.test" } }, body: "one\r\ntwo\r\n" });
    expect(JSON.parse((await queue("show", id, "--json")).output)).not.toHaveProperty("body");
  });

  test("why tells what was tried when, and what was said, word for word", async () => {
    const earlier = [
      { since: 0, at: 3_600_000, times: 4, text: "Deferred: no route", diagnostic: "451 4.4.1 no route" },
    ];
    const status = { ...deferred, at: 7_200_000, earlier };
    const recipients = [
      recipient("bob@b.test", { state: "deferred", status }),
      recipient("new@b.test"),
      recipient("done@b.test", { state: "delivered", status: { ...deferred, text: "Sent (ok)" } }),
      recipient("list", { state: "expanded" }),
      recipient("via@b.test", { rerouted: { mailer: "relay", host: "hub.test" }, parent: 3 }),
    ];
    const { id } = await put(store, "x\r\n", { recipients });
    const lines = (await queue("why", id)).output.split("\n");
    expect(lines[0]).toMatch(new RegExp(`^${id}: 3 octets from <anna@a.test>, arrived `));
    expect(lines[1]).toBe("not tried yet, next now");
    expect(lines.slice(2).map((line) => line.replace(/\w+ \w+ +\d+ \d\d:\d\d/g, "TIME"))).toEqual([
      "",
      "<bob@b.test>:",
      "  TIME to TIME, 4 times:",
      "      451 4.4.1 no route",
      "  TIME, b.test. [192.0.2.9]:",
      "      Connection refused by b.test.",
      "",
      "<new@b.test>:",
      "  not tried yet",
      "",
      "<via@b.test>, from list:",
      "  not tried yet",
      "  goes to mailer relay, host hub.test: an operator has said so, whatever the rules say",
      "",
      "<done@b.test> delivered: Sent (ok)",
      "list stands for others",
      "",
    ]);
    const some = (await queue("why", id, "--recipient", "new@b.test")).output;
    expect(some).not.toContain("<bob@b.test>");
    expect(some).toContain("and other recipients: 2 waiting");
    expect(JSON.parse((await queue("why", "--json", id)).output)).toMatchObject({ entry: { id }, unexplained: 3 });
  });

  test("what is named is changed at once, what conditions select is shown until --yes", async () => {
    const one = await waiting();
    const two = await waiting("c.test.");
    const dry = await queue("hold", "--host", "test");
    expect(dry.output).toContain(`${one}   1h`);
    expect(dry.output).toContain("2 messages (2 recipients, 20 octets) would be held; --yes does it\n");
    expect(store.count({ held: true })).toBe(0);
    expect((await queue("hold", one, "--dry-run")).output).toContain("would be held\n");
    expect((await queue("hold", one, "--because", "b\u00fcro")).output).toBe("1 message held\n");
    expect(store.get(one)?.hold).toBe("b\xc3\xbcro");
    expect((await queue("release", "--all")).output).toContain("1 message (1 recipient, 10 octets) would be released");
    expect((await queue("hold", "--all", "--yes")).output).toBe("2 messages held\n");
    expect((await queue("release", "--reason", "operator", "-y")).output).toBe("2 messages released\n");
    expect(JSON.parse((await queue("remove", "--all", "--json")).output)).toMatchObject({
      dryRun: true,
      ids: [one, two],
    });
    expect(JSON.parse((await queue("remove", two, "--json")).output)).toEqual({ done: 1, left: [] });
    expect((await queue("retry", one)).output).toBe("1 message due now\n");
    expect(asked).toEqual([["run", { ids: [one], held: false }, undefined]]);
    expect((await queue("remove", "--all", "-y")).output).toBe("1 message removed\n");
    expect((await queue("remove", "--all")).output).toBe("nothing that waits is meant\n");
  });

  test("a route that cannot be is refused before anybody is asked for --yes", async () => {
    await waiting();
    wrongRoute = 'Cannot reroute by way of "nowhere:hub": no mailer nowhere opens connections';
    const { status, errors, output } = await queue("reroute", "--host", "b.test", "--via", "nowhere:hub");
    expect([status, output]).toEqual([69, ""]);
    expect(errors).toContain("no mailer nowhere opens connections");
    expect(asked.map(([, filter]) => filter)).toEqual([{ ids: [] }]);
  });

  test("others than the owner see lists and sums as the server lets them, and change nothing", async () => {
    const id = await waiting();
    await server?.close();
    for (const mayList of [true, false]) {
      server = await serveControl({
        path: join(home, "submit"),
        mode: 0o600,
        access: "submit",
        services: servicesWith({
          ...queueLooks({ store, site: () => undefined, whyNot: () => undefined }),
          mayList: () => mayList,
          count: (filter) => store.count(filter),
          list: (filter) => store.list(filter).map((entry) => listingOf(entry, false)),
        }),
      });
      const [list, top] = [await queue("list"), await queue("top", "--json")];
      expect([list.status, top.status]).toEqual(mayList ? [0, 0] : [77, 77]);
      if (mayList)
        expect([list.output.includes(id), JSON.parse(top.output)]).toEqual([
          true,
          expect.objectContaining({ messages: 1 }),
        ]);
      else expect(list.errors).toContain("You are not permitted to see the queue");
      await server.close();
    }
    server = undefined;
  });

  test("a bounce and a reroute hand on conditions and route, and tell what was left", async () => {
    const ids: string[] = [];
    for (let number = 0; number < 52; number++) ids.push(await waiting());
    const bounced = await queue("bounce", "--host", "b.test", "--because", "gone", "--yes");
    expect(bounced).toMatchObject({ status: 75, output: "50 messages returned\n" });
    expect(bounced.errors).toBe(`${ids[0]}, ${ids[50]}: left as it was: it is being delivered just now\n`);
    expect(asked.map(([op, { ids: some, ...filter }, reason]) => [op, some?.length, filter, reason])).toEqual([
      ["bounce", 50, { host: [{ text: "b.test" }] }, "gone"],
      ["bounce", 2, { host: [{ text: "b.test" }] }, "gone"],
    ]);
    asked = [];
    const [id] = ids;
    expect((await queue("reroute", id, "--via", "relay:[192.0.2.1]")).status).toBe(69);
    await queue("reroute", id, "--via", "[IPv6:2001:db8::1]");
    await queue("reroute", id, "--to", "<new@c.test>");
    await queue("reroute", id, "--undo");
    expect(asked.map(([, , route]) => route)).toEqual([
      { kind: "host", host: "[192.0.2.1]", mailer: "relay" },
      { kind: "host", host: "[IPv6:2001:db8::1]" },
      { kind: "address", address: "new@c.test" },
      { kind: "rules" },
    ]);
  });

  const wrong: readonly (readonly [readonly string[], number, string])[] = [
    [[], 64, "usage: rulemail queue COMMAND"],
    [["nonsense"], 64, 'no command named "nonsense"'],
    [["toString"], 64, 'no command named "toString"'],
    [["remove"], 64, "say which messages: their ids, conditions, or --all"],
    [["remove", "5AKJ", "--all"], 64, "--all is no other than"],
    [["remove", "5AKJ", "--colour"], 64, "Unknown argument: colour"],
    [["remove", "--older", "soon"], 64, "--older takes a time"],
    [["reroute", "5AKJ"], 64, "--via HOST, --to ADDRESS, or --undo"],
    [["reroute", "5AKJ", "--undo", "--to", "x@y"], 64, "--via HOST, --to ADDRESS, or --undo"],
    [["list", "--limit", "x"], 64, "--limit takes a number"],
    [["why"], 64, "name a queue id"],
    [["show"], 64, "name a queue id"],
    [["show", "5AKJ", "--raw", "--body"], 64, "--raw is header and body"],
    [["suspend"], 64, "takes one host"],
    [["suspended", "x"], 64, "takes no host"],
    [["why", "5AKJNo"], 66, "5AKJNo is not in the queue"],
    [["show", "5AKJNo"], 66, "5AKJNo is not in the queue"],
    [["remove", "5AKJNo"], 66, "5AKJNo: there is no such message"],
    [["list", "--client"], 66, "there is no client queue"],
    [["bounce", "--client", "5AKJNo"], 66, "there is no client queue"],
  ];
  test.each(wrong)("%j ends with %d: %s", async (words, exit, text) => {
    const { status, errors, output } = await queue(...words);
    expect([status, output]).toEqual([exit, exit === 66 && words[0] === "remove" ? "0 messages removed\n" : ""]);
    expect(errors).toContain(text);
  });

  test("--help tells what a command takes, and ends well", async () => {
    for (const name of ["list", "top", "why", "show", "hold", "reroute", "suspend"]) {
      const { status, output, errors } = await queue(name, "--help");
      expect([status, errors]).toEqual([0, ""]);
      expect(output).toContain(`rulemail queue ${name}`);
    }
    expect(await queue("--help")).toMatchObject({ status: 0, errors: "" });
  });

  test("suspended hosts, as lines or as JSON", async () => {
    expect((await queue("suspended")).output).toBe("a.test\nb.test\n");
    expect((await queue("suspended", "--json")).output).toBe('{"host":"a.test"}\n{"host":"b.test"}\n');
    expect(await queue("suspend", "x.test")).toMatchObject({ status: 0, output: "" });
  });

  test("the client queue is looked at and changed as it lies there", async () => {
    mkdirSync(join(home, "clientmqueue"));
    const draft = new ClientQueue(join(home, "clientmqueue")).draft();
    await draft.write(Buffer.from("x\r\n"));
    await draft.commit(envelope(draft.id));
    const { id } = draft;
    expect((await queue("list", "--client")).output).toContain(`${id} `);
    expect((await queue("why", "--client", id)).output).toContain("waits: for the server to take it over");
    expect((await queue("show", "--client", id, "--body")).output).toBe("x\n");
    expect((await queue("top", "--client")).output).toContain("1 message, 1 recipient");
    expect((await queue("hold", "--client", id)).output).toBe("1 message held\n");
    expect((await queue("retry", "--client", "--all", "-y")).output).toBe("0 messages due now\n");
    expect((await queue("release", "--client", "--all", "-y")).output).toBe("1 message released\n");
    expect((await queue("retry", "--client", "--all", "-y")).output).toBe("1 message due now\n");
    asked = [];
    expect((await queue("bounce", "--client", id, "--because", "gone")).errors).toContain(`${id}: left as it was`);
    await queue("reroute", "--client", id, "--via", "hub.test");
    wrongRoute = "no such host";
    expect(await queue("reroute", "--client", "--all", "--via", "x")).toMatchObject({ status: 69, output: "" });
    expect(asked).toEqual([
      ["bounceClient", { ids: [id] }, "gone"],
      ["rerouteClient", { ids: [id] }, { kind: "host", host: "hub.test" }],
      ["rerouteClient", { ids: [] }, { kind: "host", host: "x" }],
    ]);
    await server?.close();
    server = undefined;
    for (const words of [["bounce"], ["reroute", "--undo"], ["reroute", "--undo", "--dry-run"]]) {
      const { status, output, errors } = await queue(...words, "--client", id);
      expect([words, status, output]).toEqual([words, 75, ""]);
      expect(errors).toContain(`by the server, and none answers at ${join(home, "control")}: start it`);
    }
    expect((await queue("bounce", "--client", id, "--dry-run")).output).toContain("1 message (1 recipient");
    expect((await queue("remove", "--client", id)).output).toBe("1 message removed\n");
    expect((await queue("list", "--client")).output).toBe("nothing waits\n");
  });

  test("without a server and without a configuration the command says what it needs", async () => {
    await server?.close();
    server = undefined;
    const { status, errors } = await queue("list", "-C", join(home, "none.cf"));
    expect(status).toBeGreaterThan(0);
    expect(errors).toContain("name the configuration with -C");
    expect(await queue("suspended")).toMatchObject({ status: 69 });
  });
});
