/**
 * What comes through the root helper's door from a server that is not what it was: requests of other shapes, of other terms, and
 * octets that are no requests at all. The helper lives on, does none of it, and answers the next good request. Needs root.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { NO_TERMS, type Terms } from "../../../src/rights/terms.ts";
import { damage, fuzz, type Random } from "../../support/fuzz.ts";
import { command, isRoot } from "../../support/pool.ts";

const asRoot = isRoot ? describe : describe.skip;

/** Requests for one round. */
const REQUESTS = 150;
const CHANNEL = 3;

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
type Request = { readonly [name: string]: Json };

/** The helper with its channel in our hands: lines as they are, no handles. */
class BareHelper {
  readonly child: ChildProcess;
  readonly folder = mkdtempSync(join(tmpdir(), "door-"));
  readonly #channel: Socket;
  readonly #answers = new Map<unknown, Request>();
  #rest = "";
  readonly #woken: (() => void)[] = [];
  #counter = 1_000_000;
  #handed = 0;

  constructor() {
    const [program, ...words] = command;
    this.child = spawn(program, [...words, "helper"], {
      stdio: ["ignore", "ignore", "pipe", "pipe"],
      env: { PATH: "/usr/bin:/bin", NODE_CHANNEL_FD: String(CHANNEL), NODE_CHANNEL_SERIALIZATION_MODE: "json" },
    });
    this.#channel = this.child.stdio[CHANNEL] as unknown as Socket;
    this.#channel.on("data", (chunk: Buffer) => this.#receive(chunk.toString("latin1")));
    this.#channel.on("error", () => undefined);
    this.child.once("exit", () => this.#wake());
  }

  get isAlive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Answers that came with a handle: a listener, a connection. */
  get handed(): number {
    return this.#handed;
  }

  answerTo(id: unknown): Request | undefined {
    return this.#answers.get(id);
  }

  write(line: string): void {
    this.#channel.write(line);
  }

  /** A good request, and its answer: all that was written before has been read. Undefined: the helper has ended. */
  async ask(request: Request): Promise<Request | undefined> {
    const id = this.#counter++;
    this.write(`${JSON.stringify({ id, ...request })}\n`);
    await this.#wait(() => this.#answers.has(id));
    return this.#answers.get(id);
  }

  /** Until it is so, or the helper has ended. */
  async #wait(isSo: () => boolean): Promise<void> {
    while (this.isAlive && !isSo()) await new Promise<void>((resolve) => this.#woken.push(resolve));
  }

  /** The same, said until it is heard. */
  async askAgain(request: Request): Promise<void> {
    const before = this.#answers.size;
    const say = (): void => this.write(`${JSON.stringify({ id: this.#counter++, ...request })}\n`);
    say();
    const timer = setInterval(say, 10);
    await this.#wait(() => this.#answers.size > before);
    clearInterval(timer);
  }

  /** Processes that it has started. */
  children(): string {
    const { pid } = this.child;
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").trim();
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once("close", resolve));
    this.#channel.destroy();
    await ended;
    rmSync(this.folder, { recursive: true });
  }

  #receive(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      const value = JSON.parse(line) as Request;
      // Node packs an answer with a handle, and waits until the other side has it.
      if (value.cmd === "NODE_HANDLE") {
        this.#handed++;
        this.write('{"cmd":"NODE_HANDLE_ACK"}\n');
      }
      const answer = (value.cmd === "NODE_HANDLE" ? value.msg : value) as Request;
      this.#answers.set(answer.id, answer);
    }
    this.#wake();
  }

  #wake(): void {
    for (const each of this.#woken.splice(0)) each();
  }
}

const nobody = { user: "nobody", uid: 65_534, gid: 65_534 };
const PORT = { host: "127.0.0.1", port: 0, family: 4 } as const;

function termsIn(folder: string): Terms {
  const touch = { path: "/usr/bin/touch", asRoot: false, words: [], nice: 0, root: "" };
  return {
    ...NO_TERMS,
    ports: [PORT],
    files: ["/etc/hostname"],
    identities: [nobody],
    programs: [touch],
    runAs: nobody,
    safeFileEnvironment: folder,
  };
}

/** Requests that are right but for what they name, and such as would be right from a server that is root still. */
function wanted(folder: string): readonly Request[] {
  const everything = { ...termsIn("/"), files: ["/etc/shadow"] } as unknown as Json;
  const program = { path: "/usr/bin/touch", argv: ["touch", join(folder, "made")], environment: ["A=b"] };
  return [
    { verb: "begin", terms: everything, termsCommand: ["/usr/bin/touch", join(folder, "made")], made: [] },
    { verb: "begin", terms: everything, termsCommand: [], made: [{ path: join(folder, "kept"), dev: 1, ino: 1 }] },
    { verb: "listen", port: { ...PORT, port: 25 }, backlog: 1 },
    { verb: "listen", port: { ...PORT, host: "" }, backlog: 1 },
    { verb: "read", path: "/etc/shadow" },
    { verb: "read", path: "/etc/../etc/hostname" },
    { verb: "converse", who: { user: "root", uid: 0, gid: 0 }, program },
    { verb: "converse", who: nobody, program: { ...program, path: "/bin/sh" } },
    { verb: "converse", who: { ...nobody, gid: 0 }, program },
  ];
}

const JUNK: readonly Json[] = [
  null,
  true,
  -1,
  1.5,
  1e300,
  "",
  "root",
  "../../etc/shadow",
  "\0",
  "x".repeat(100_000),
  [],
  [null],
  [["touch"]],
  {},
  { length: 1 },
  { toString: 1, valueOf: null },
  JSON.parse('{"__proto__":{"path":"/usr/bin/touch","uid":0}}') as Json,
];

/** Takes a member out, or puts junk in its place, at any depth. */
function spoiled(value: Json, random: Random): Json {
  if (typeof value !== "object" || value === null || random(4) === 0) return JUNK[random(JUNK.length)];
  if (Array.isArray(value)) {
    const list = value as readonly Json[];
    if (list.length === 0) return [JUNK[random(JUNK.length)]];
    const at = random(list.length);
    return list.map((each, index) => (index === at ? spoiled(each, random) : each));
  }
  const names = Object.keys(value);
  if (names.length === 0) return JUNK[random(JUNK.length)];
  const name = names[random(names.length)];
  const { [name]: member, ...others } = value as Request;
  return random(3) === 0 ? others : { ...others, [name]: spoiled(member, random) };
}

/** A request that may not be granted, or something else in JSON. */
function refusable(id: number, folder: string, random: Random): string {
  const choices = wanted(folder);
  const good: Request = { id, ...choices[random(choices.length)] };
  const kinds: readonly (() => Json)[] = [
    () => good,
    () => JUNK[random(JUNK.length)],
    () => ({ ...good, verb: JUNK[random(JUNK.length)] }),
    () => spoiled(good, random),
    () => spoiled(good, random),
    () => spoiled(spoiled(good, random), random),
  ];
  const value = kinds[random(kinds.length)]();
  return JSON.stringify(value);
}

/** What Node itself cannot read on the channel. */
function broken(id: number, folder: string, random: Random): string {
  const text = refusable(id, folder, random).slice(0, 2_000);
  const own = ["NODE_HANDLE", "NODE_HANDLE_NACK", "NODE_SOCKET_NOTIFY_CLOSE", "NODE_x"][random(4)];
  const kinds = [
    () => text.slice(0, random(text.length)),
    () => damage(text, random, ["\0", "{", '"', "\\u0000", "[[[[", "é"]).replaceAll("\n", ""),
    () => JSON.stringify({ cmd: own, type: ["x", "net.Socket", "net.Server"][random(3)], key: "x", msg: { id } }),
    () => "[".repeat(2_000),
  ];
  return kinds[random(kinds.length)]();
}

asRoot("the root helper's door (skipped: needs root)", () => {
  let helper: BareHelper;
  beforeEach(async () => {
    helper = new BareHelper();
    const begin = { verb: "begin", terms: termsIn(helper.folder), termsCommand: [], made: [] };
    expect(await helper.ask(begin as unknown as Request)).not.toHaveProperty("error");
  });
  afterEach(() => helper.close());

  /** It is as it was. */
  const expectUntouched = async (): Promise<void> => {
    expect(await helper.ask({ verb: "read", path: "/etc/hostname" })).toMatchObject({
      octets: readFileSync("/etc/hostname").toString("base64"),
    });
    const handed = helper.handed;
    expect(await helper.ask({ verb: "listen", port: PORT, backlog: 5 })).not.toHaveProperty("error");
    expect(helper.handed).toBe(handed + 1);
    expect(existsSync(join(helper.folder, "made"))).toBe(false);
    expect(helper.children()).toBe("");
  };

  const expectRefused = (lines: readonly string[], first: number): void => {
    for (const [at, each] of lines.entries()) {
      const answer = helper.answerTo(first + at);
      if (answer !== undefined) expect([each, answer.error]).toEqual([each, expect.any(String)]);
    }
  };

  test("grants no request but those that the terms allow, whatever else it gets", async () => {
    let id = 0;
    await fuzz(4, async (random, note) => {
      const first = id;
      const lines = Array.from({ length: REQUESTS }, () => refusable(id++, helper.folder, random));
      note(lines);
      const before = helper.handed;
      for (const each of lines) helper.write(`${each}\n`);
      await expectUntouched();
      expectRefused(lines, first);
      expect(helper.handed).toBe(before + 1);
    });
  });

  test("lives on when its channel brings what nobody can read", async () => {
    let id = 0;
    await fuzz(40, async (random, note) => {
      const text = broken(id++, helper.folder, random);
      note(text);
      const before = helper.handed;
      helper.write(`${text}\n`);
      // What Node reads together with a bad line is lost with it.
      await helper.askAgain({ verb: "tidy" });
      await expectUntouched();
      expectRefused([text], id - 1);
      expect(helper.handed).toBe(before + 1);
    });
  });

  test("null, a number and a list are no requests", async () => {
    for (const each of ["null", "3", "[]", '"x"', '{"verb":"pool"}', '{"id":null,"verb":"pool"}'])
      helper.write(`${each}\n`);
    await expectUntouched();
  });

  test("a request of many megabytes is read and refused", async () => {
    const path = "x".repeat(8 * 1024 * 1024);
    expect(await helper.ask({ verb: "read", path })).toMatchObject({ error: expect.stringContaining("no file") });
    expect(await helper.ask({ verb: "x", junk: Array.from({ length: 1e5 }, () => path[0]) })).toHaveProperty("error");
    await expectUntouched();
  });

  test("half a line makes it deaf at worst: it lives, and ends with its server", async () => {
    helper.write('{"id":1,"verb":"re');
    await new Promise((resolve) => setTimeout(resolve, 50));
    helper.write("x]\n");
    helper.write(`${JSON.stringify({ id: 2, verb: "read", path: "/etc/hostname" })}\n`);
    const said = await new Promise<string>((resolve) => {
      helper.child.stderr?.once("data", (chunk: Buffer) => resolve(chunk.toString()));
    });
    expect(said).toContain("root helper: the server sends what it never sends");
    expect(helper.isAlive).toBe(true);
  });
});
