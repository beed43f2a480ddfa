import { once } from "node:events";
import { chmod, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { connectControl, ControlDeniedError, ControlError, NoDaemonError } from "../../../src/control/client.ts";
import { encodeFrame, FrameDecoder, ProtocolError, type SubmissionFacts } from "../../../src/control/protocol.ts";
import { TopCount } from "../../../src/control/queue-top.ts";
import { MemoryBody } from "../../../src/queue/body.ts";
import { listingOf } from "../../../src/control/queue-listing.ts";
import { type ControlServices, type ControlSocket, serveControl } from "../../../src/control/server.ts";
import type { MessageReader } from "../../../src/envelope/message.ts";
import type { QueueEntry } from "../../../src/queue/queue.ts";
import { envelope } from "../../support/queue-samples.ts";

const facts: SubmissionFacts = {
  sender: "anna@a.test",
  recipients: ["b\xfcb@b.test"],
  fromHeader: false,
  user: "anna",
  notify: ["FAILURE"],
  protocol: "local",
};

function entry(id: string): QueueEntry {
  return { id, envelope: envelope(id), group: "mqueue", priority: 1, attempts: 0, nextTry: 0 };
}

interface Calls {
  readonly log: unknown[];
  readonly submitted: string[];
  aborted: number;
  refuse: boolean;
  mayList: boolean;
  entries: QueueEntry[];
  body: Buffer[];
  /** The body cannot be read to its end. */
  breaks: boolean;
}

async function* half(): AsyncGenerator<Buffer, never, undefined> {
  yield await Promise.resolve(Buffer.from("half"));
  throw new Error("disk failed");
}

function bodyOf({ body, breaks }: Calls): MessageReader {
  const whole = new MemoryBody(body);
  if (!breaks) return whole;
  return { size: 5, bytes: () => whole.bytes(), stream: () => Readable.from(half()) };
}

function services(calls: Calls): ControlServices {
  const note =
    <T>(name: string, value: T) =>
    (filter: unknown, reason?: string) => {
      calls.log.push([name, filter, reason]);
      return value;
    };
  return {
    submit: (given) => {
      calls.log.push(given);
      if (calls.refuse) throw new Error("queue is full");
      const chunks: Buffer[] = [];
      return {
        write: (octets) => void chunks.push(octets),
        finish: async () => {
          calls.submitted.push(Buffer.concat(chunks).toString("latin1"));
          return { id: "5AKJ", reply: { code: 250, enhanced: "2.0.0", lines: ["accepted"] } };
        },
        abort: () => void calls.aborted++,
      };
    },
    status: () => ({ pid: 7, started: 1, version: "0", queued: 3, facts: { load: 0.5 } }),
    sessions: () => Array.from({ length: 1001 }, (_, since) => ({ port: "MTA", relay: "x", since })),
    mayList: () => calls.mayList,
    count: note("count", 3),
    list: () => calls.entries.map((each) => listingOf(each, false)),
    run: (filter, watch) => {
      for (const number of [1, 2]) {
        watch?.({ id: `m${number}`, number, of: 2, recipients: [{ address: "a@b.test", text: "Sent" }] });
      }
      return note("run", 4)(filter);
    },
    hold: note("hold", { done: 1, left: [] }),
    release: note("release", { done: 2, left: [] }),
    remove: note("remove", { done: 0, left: [{ id: "5AKJ", why: "no room" }] }),
    async *ids() {
      for (const { id } of calls.entries) yield await Promise.resolve(id);
    },
    top: (filter, by, most) => {
      calls.log.push(["top", filter, by, most]);
      return Promise.resolve(new TopCount(by).result(most));
    },
    why: (id) => {
      const found = calls.entries.find((each) => each.id === id);
      return Promise.resolve(found && { entry: found, claimed: false, routes: {}, unexplained: 0 });
    },
    show: (id) => {
      const found = calls.entries.find((each) => each.id === id);
      return Promise.resolve(found && { message: { entry: found, claimed: true }, body: bodyOf(calls) });
    },
    bounce: async (filter, reason) => {
      calls.log.push(["bounce", filter, reason]);
      return { done: 1, left: [{ id: "x", why: "busy" }] };
    },
    reroute: async (filter, route) => {
      calls.log.push(["reroute", filter, route]);
      return { done: 0, left: [] };
    },
    bounceClient: async (filter, reason) => {
      calls.log.push(["bounceClient", filter, reason]);
      return { done: 1, left: [] };
    },
    rerouteClient: async (filter, route) => {
      calls.log.push(["rerouteClient", filter, route]);
      return { done: 0, left: [{ id: "x", why: "gone" }] };
    },
    suspensions: (change) => [change?.host ?? "none"],
    reload: async () => ["sendmail.cf: line 3: unknown option"],
    shutdown: () => void calls.log.push("shutdown"),
  };
}

let directory: string;
let path: string;
let calls: Calls;
let server: ControlSocket | undefined;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "rulemail-control-"));
  path = join(directory, "socket");
  calls = { log: [], submitted: [], aborted: 0, refuse: false, mayList: false, entries: [], body: [], breaks: false };
});

afterEach(async () => {
  await server?.close();
  server = undefined;
  await rm(directory, { recursive: true });
});

async function serve(access: "all" | "submit" = "all"): Promise<void> {
  server = await serveControl({ path, mode: 0o600, access, services: services(calls) });
}

describe("control socket", () => {
  test("hands a message over octet for octet and answers with its id", async () => {
    await serve();
    const client = await connectControl(path);
    const large = Buffer.alloc(3_000_000, "0123456789\r\n\xff", "latin1");
    const answer = await client.submit(facts, [Buffer.from("Subject: x\n\n"), large]);
    expect(answer).toEqual({ id: "5AKJ", reply: { code: 250, enhanced: "2.0.0", lines: ["accepted"] } });
    expect(calls.submitted[0] === `Subject: x\n\n${large.toString("latin1")}`).toBe(true);
    expect(calls.log).toEqual([{ ...facts, smtputf8: false }]);
    expect((await client.submit(facts, [])).id).toBe("5AKJ");
    client.close();
  });

  test("a refused message is an error with the reason, and the connection goes on", async () => {
    calls.refuse = true;
    await serve();
    const client = await connectControl(path);
    await expect(client.submit(facts, [Buffer.alloc(2_000_000)])).rejects.toThrow("queue is full");
    expect((await client.status()).queued).toBe(3);
    client.close();
  });

  test("a message that breaks off is aborted", async () => {
    await serve();
    const socket = connect(path);
    socket.write(encodeFrame({ rulemail: 1, op: "submit", facts }));
    socket.write(encodeFrame({ data: true }, Buffer.from("half")));
    socket.end();
    socket.resume();
    await once(socket, "close");
    expect(calls.aborted).toBe(1);
    expect(calls.submitted).toEqual([]);
  });

  test("passes filters and reasons, answers with what the services say", async () => {
    await serve();
    const client = await connectControl(path);
    expect(await client.run({ sender: [{ text: "anna" }] })).toBe(4);
    expect(await client.hold({ id: [{ text: "5AK", not: true }] }, "why not")).toEqual({ done: 1, left: [] });
    expect(await client.release({ held: true })).toMatchObject({ done: 2 });
    expect(await client.remove({ recipient: [{ text: "b" }], arrivedBefore: 5 })).toEqual({
      done: 0,
      left: [{ id: "5AKJ", why: "no room" }],
    });
    expect(await client.reload()).toEqual(["sendmail.cf: line 3: unknown option"]);
    expect((await client.status()).facts).toEqual({ load: 0.5 });
    expect((await client.sessions()).map(({ since }) => since)).toEqual(Array.from({ length: 1001 }, (_, at) => at));
    await client.shutdown();
    client.close();
    expect(calls.log).toEqual([
      ["run", { sender: [{ text: "anna" }] }, undefined],
      ["hold", { id: [{ text: "5AK", not: true }] }, "why not"],
      ["release", { held: true }, undefined],
      ["remove", { recipient: [{ text: "b" }], arrivedBefore: 5 }, undefined],
      "shutdown",
    ]);
  });

  test("decisions about recipients travel as they are, and so do their outcomes", async () => {
    await serve();
    const client = await connectControl(path);
    const busy = { done: 1, left: [{ id: "x", why: "busy" }] };
    expect(await client.bounce({ host: [{ text: "b.test" }] }, "no such company")).toEqual(busy);
    await client.reroute({ recipient: [{ text: "a@b.test", whole: true }] }, { kind: "address", address: "c@d.test" });
    await client.reroute({}, { kind: "host", host: "[192.0.2.1]", mailer: "relay" });
    await client.reroute({}, { kind: "rules" });
    expect(await client.bounceClient({ ids: ["x"] }, "gone")).toEqual({ done: 1, left: [] });
    const gone = { done: 0, left: [{ id: "x", why: "gone" }] };
    expect(await client.rerouteClient({ ids: ["x"] }, { kind: "rules" })).toEqual(gone);
    expect(await client.top({ held: true }, ["reason", "group"], 5)).toMatchObject({ messages: 0, lines: [] });
    client.close();
    expect(calls.log).toEqual([
      ["bounce", { host: [{ text: "b.test" }] }, "no such company"],
      ["reroute", { recipient: [{ text: "a@b.test", whole: true }] }, { kind: "address", address: "c@d.test" }],
      ["reroute", {}, { kind: "host", host: "[192.0.2.1]", mailer: "relay" }],
      ["reroute", {}, { kind: "rules" }],
      ["bounceClient", { ids: ["x"] }, "gone"],
      ["rerouteClient", { ids: ["x"] }, { kind: "rules" }],
      ["top", { held: true }, ["reason", "group"], 5],
    ]);
  });

  test("a message is shown octet for octet, and the connection goes on", async () => {
    calls.entries = [entry("5AKJ")];
    calls.body = [Buffer.alloc(2_500_000, "0123456789\r\n\xff", "latin1"), Buffer.from("end")];
    await serve();
    const client = await connectControl(path);
    const read = async (body: boolean): Promise<Buffer> => {
      const shown = (await client.show("5AKJ", body))!;
      expect(shown.message).toEqual({ entry: calls.entries[0], claimed: true });
      const chunks: Buffer[] = [];
      for await (const chunk of shown.body) chunks.push(chunk);
      return Buffer.concat(chunks);
    };
    expect((await read(true)).equals(Buffer.concat(calls.body))).toBe(true);
    expect(await read(false)).toHaveLength(0);
    expect(await client.show("6", true)).toBeUndefined();
    expect((await client.why("5AKJ", {}))?.entry).toEqual(calls.entries[0]);
    expect(await client.why("6", {})).toBeUndefined();
    client.close();
  });

  test("a body that cannot be read to its end is an error", async () => {
    calls.entries = [entry("5AKJ")];
    calls.breaks = true;
    await serve();
    const client = await connectControl(path);
    const shown = await client.show("5AKJ", true);
    await expect(async () => {
      for await (const chunk of shown!.body) expect(chunk.toString()).toBe("half");
    }).rejects.toThrow("disk failed");
    expect((await client.status()).pid).toBe(7);
    client.close();
  });

  test("a queue run that is watched tells of each message, and ends with the last", async () => {
    await serve();
    const client = await connectControl(path);
    const seen: string[] = [];
    for await (const { id, number, of, recipients } of client.watchRun({ ids: ["x"] })) {
      seen.push(`${id} ${number}/${of} ${recipients[0].text}`);
    }
    expect(seen).toEqual(["m1 1/2 Sent", "m2 2/2 Sent"]);
    expect(calls.log).toEqual([["run", { ids: ["x"] }, undefined]]);
    expect((await client.status()).pid).toBe(7);
    client.close();
  });

  test("a long list arrives whole", async () => {
    calls.entries = Array.from({ length: 1234 }, (_, number) => entry(`m${number}`));
    await serve();
    const client = await connectControl(path);
    const list = await client.list();
    expect(list).toEqual(calls.entries.map((each) => listingOf(each, false)));
    calls.entries = Array.from({ length: 23_456 }, (_, number) => entry(`m${number}`));
    expect(await client.ids({})).toEqual(calls.entries.map(({ id }) => id));
    calls.entries = [];
    expect(await client.ids({})).toEqual([]);
    expect(await client.list()).toEqual([]);
    client.close();
  });

  test("whoever waits for a server that is stopped hears of that, once", async () => {
    let wake!: (services: ControlServices) => void;
    const asleep = new Promise<ControlServices>((resolve) => (wake = resolve));
    server = await serveControl({ path, mode: 0o600, access: "all", services: asleep });
    let told!: (said: unknown) => void;
    const said = new Promise<unknown>((resolve) => (told = resolve));
    let times = 0;
    const tell = (...words: unknown[]): void => {
      times++;
      told(words);
    };
    const client = await connectControl(path, { timeout: 60_000, slow: { after: 1, tell } });
    const answer = client.count();
    expect(await said).toEqual([0, 60]);
    wake(services(calls));
    expect(await answer).toBe(3);
    expect(await client.count()).toBe(3);
    expect(times).toBe(1);
    client.close();
  });

  test("a socket for everybody takes mail and tells its status, nothing else", async () => {
    await serve("submit");
    const client = await connectControl(path);
    expect((await client.submit(facts, [])).id).toBe("5AKJ");
    expect((await client.status()).pid).toBe(7);
    await expect(client.list()).rejects.toThrow("You are not permitted to see the queue");
    await expect(client.count()).rejects.toBeInstanceOf(ControlDeniedError);
    await expect(client.top({}, ["group"], 5)).rejects.toBeInstanceOf(ControlDeniedError);
    await expect(client.run()).rejects.toThrow('Permission denied: "run" is not allowed');
    await expect(client.sessions()).rejects.toThrow('Permission denied: "sessions" is not allowed');
    await expect(client.shutdown()).rejects.toBeInstanceOf(ControlError);
    client.close();
    expect(calls.log).not.toContain("shutdown");
  });

  test("a socket for everybody shows the queue to whoever may see it", async () => {
    calls.mayList = true;
    calls.entries = [entry("m1")];
    await serve("submit");
    const client = await connectControl(path);
    expect((await client.list()).map(({ id }) => id)).toEqual(["m1"]);
    expect(await client.count({ held: true })).toBe(3);
    expect(await client.ids({})).toEqual(["m1"]);
    expect(await client.top({}, ["group"], 5)).toMatchObject({ lines: [] });
    await expect(client.why("m1", {})).rejects.toThrow("Permission denied");
    await expect(client.hold({}, "x")).rejects.toThrow("Permission denied");
    client.close();
  });

  test.each([
    [{ op: "status" }, "version undefined"],
    [{ rulemail: 2, op: "status" }, "version 2"],
    [{ rulemail: 1, op: "toString" }, 'unknown operation "toString"'],
    [{ rulemail: 1, op: "list", filter: { group: 5 } }, '"group" is not a text'],
    [{ rulemail: 1, op: "list", filter: { id: 5 } }, '"id" is not a list'],
    [{ rulemail: 1, op: "list", filter: { sender: [] } }, '"sender" is not a list, empty'],
    [{ rulemail: 1, op: "list", filter: { sender: ["x"] } }, '"sender" has something that is no object'],
    [{ rulemail: 1, op: "list", filter: { host: [{ text: 5 }] } }, '"text" is not a text'],
    [{ rulemail: 1, op: "list", filter: { ids: [5] } }, '"ids" has something that is no text'],
    [{ rulemail: 1, op: "list", filter: { arrivedAfter: 0.5 } }, '"arrivedAfter" is no time'],
    [{ rulemail: 1, op: "remove", filter: { colour: "red" } }, 'unknown condition "colour"'],
    [{ rulemail: 1, op: "hold", filter: {} }, '"reason" is not a text'],
    [{ rulemail: 1, op: "bounce", filter: {} }, '"reason" is not a text'],
    [{ rulemail: 1, op: "reroute", filter: {} }, '"route" is not an object'],
    [{ rulemail: 1, op: "bounceClient", filter: {} }, '"reason" is not a text'],
    [{ rulemail: 1, op: "rerouteClient", filter: {} }, '"route" is not an object'],
    [{ rulemail: 1, op: "reroute", filter: {}, route: { kind: "moon" } }, '"route" is none of'],
    [{ rulemail: 1, op: "reroute", filter: {}, route: { kind: "address" } }, '"address" is not a text'],
    [{ rulemail: 1, op: "top", filter: {}, by: ["colour"], most: 1 }, '"by" knows no colour'],
    [{ rulemail: 1, op: "top", filter: {}, by: ["reason"], most: -1 }, '"most" is no number'],
    [{ rulemail: 1, op: "show", id: "x", body: "yes" }, '"body" is neither true nor false'],
    [{ rulemail: 1, op: "submit", facts: { recipients: "x", user: "a" } }, '"recipients" is not a list'],
    [{ rulemail: 1, op: "submit", facts: { recipients: [], user: "a", notify: ["SOME"] } }, "NOTIFY=SOME"],
    [{ rulemail: 1, op: "submit", facts: { recipients: [], user: "a", ret: "X" } }, '"ret" is none of'],
  ])("says what is wrong with %j", async (head, message) => {
    await serve();
    const socket = connect(path);
    socket.end(encodeFrame(head));
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    const [answer] = [...new FrameDecoder().push(Buffer.concat(chunks))];
    expect(answer.head["ok"]).toBe(false);
    expect(answer.head["error"]).toContain(message);
  });

  test("garbage ends the connection with an answer, others go on", async () => {
    await serve();
    const socket = connect(path);
    socket.write("EHLO there\r\n");
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).toString()).toContain("too long");
    const client = await connectControl(path);
    expect((await client.status()).pid).toBe(7);
    client.close();
  });

  test("the socket file has the mode that was asked for and goes with the server", async () => {
    await serve();
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await server!.close();
    await expect(stat(path)).rejects.toThrow("ENOENT");
  });

  test("a socket that nobody answers is replaced, one in use and other files are not", async () => {
    const dead = createServer();
    dead.listen(path);
    await once(dead, "listening");
    await expect(serve()).rejects.toThrow("another process answers");
    dead.close();
    await once(dead, "close");
    await writeFile(path, "");
    await expect(serve()).rejects.toThrow("something else of that name");
    await rm(path);
    await expect(
      serveControl({ path: `/${"x".repeat(120)}`, mode: 0o600, access: "all", services: services(calls) }),
    ).rejects.toThrow("longer than 107 octets");
  });

  test("connectControl() says that there is no daemon, whatever the reason", async () => {
    await expect(connectControl(path)).rejects.toBeInstanceOf(NoDaemonError);
    await writeFile(path, "");
    await expect(connectControl(path)).rejects.toThrow("not a socket");
  });

  test("a lost connection is an error", async () => {
    const silent = createServer((socket) => socket.destroy());
    silent.listen(path);
    await once(silent, "listening");
    await chmod(path, 0o600);
    const client = await connectControl(path);
    await expect(client.status()).rejects.toThrow("Lost the connection");
    silent.close();
  });

  test("a daemon that does not answer is not waited for longer than the timeout", async () => {
    const silent = createServer(() => undefined);
    silent.listen(path);
    await once(silent, "listening");
    const client = await connectControl(path, { timeout: 20 });
    await expect(client.status()).rejects.toThrow("no answer in 0 s");
    client.close();
    silent.close();
  });
});

describe("FrameDecoder", () => {
  test("finds frames however they are cut", () => {
    const octets = Buffer.concat([
      encodeFrame({ a: "\xfc\u20ac" }, Buffer.from("one")),
      encodeFrame({}),
      encodeFrame({ b: 2 }, Buffer.alloc(5000, 7)),
    ]);
    for (const size of [1, 3, 8, 9, 1000, 100_000]) {
      const decoder = new FrameDecoder();
      const frames = [];
      for (let at = 0; at < octets.length; at += size) frames.push(...decoder.push(octets.subarray(at, at + size)));
      expect(frames.map(({ head }) => head)).toEqual([{ a: "\xfc\u20ac" }, {}, { b: 2 }]);
      expect(frames.map((frame) => frame.octets.length)).toEqual([3, 0, 5000]);
    }
  });

  test.each([
    ["a head that is no object", Buffer.from([2, 0, 0, 0, 0, 0, 0, 0, 0x5b, 0x5d])],
    ["a head that is no JSON", Buffer.from([2, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x7b])],
    ["too many octets", Buffer.from([2, 0, 0, 0, 0, 0, 0, 1])],
  ])("refuses %s", (_, octets) => {
    expect(() => [...new FrameDecoder().push(octets)]).toThrow(ProtocolError);
  });
});
