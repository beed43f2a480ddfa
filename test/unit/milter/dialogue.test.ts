/** The dialogue with a filter, over a real socket, against a filter that says what a script tells it. */
import { afterEach, describe, expect, test } from "@jest/globals";
import { LEADING_SPACE, UNANSWERED_BITS, UNWANTED_BITS } from "../../../src/milter/bits.ts";
import {
  type Answer,
  type Edit,
  FilterError,
  type FilterConnection,
  type MacroLists,
  type Offer,
  type Step,
} from "../../../src/milter/filter.ts";
import { packet } from "../../../src/milter/packets.ts";
import { closeDialogues, dialogue as begun, TAKE } from "../../support/filter-dialogue.ts";
import type { Scenario, Turn } from "../../support/scripted-filter.ts";

const MACROS: MacroLists = {
  connect: ["j", "{daemon_name}", "{if_addr}"],
  helo: ["{cipher}"],
  envfrom: ["i"],
  envrcpt: ["{rcpt_addr}"],
  data: [],
  eoh: [],
  eom: ["{msg_id}"],
};
const VALUES: Readonly<Record<string, string>> = {
  j: "mx.example",
  "{daemon_name}": "MTA",
  i: "Q1",
  "{msg_id}": "<1@x>",
};
const macros = (name: string): string | undefined => VALUES[name];

afterEach(closeDialogues);

/** With macros of ours. */
const dialogue = (scenario: Scenario = {}, offer: Partial<Offer> = {}): ReturnType<typeof begun> =>
  begun(scenario, { macros: MACROS, ...offer });

const CLIENT = { family: "inet", address: "192.0.2.1", port: 4711 } as const;

/** What is said at each step. */
const STEPS: Readonly<Record<Step, (connection: FilterConnection) => Answer | Promise<Answer>>> = {
  connect: (connection) => connection.connect(macros, "client.example", CLIENT),
  helo: (connection) => connection.helo(macros, "client.example"),
  mail: (connection) => connection.mail(macros, "<a@x.example>", ["SIZE=7", "BODY=8BITMIME"]),
  rcpt: (connection) => connection.rcpt(macros, "<b@y.example>", ["NOTIFY=NEVER"]),
  data: (connection) => connection.data(macros),
  unknown: (connection) => connection.unknown("FOO  bar"),
  header: (connection) => connection.header("Subject", "  two\r\n\tlines"),
  eoh: (connection) => connection.eoh(macros),
  body: (connection) => connection.body(Buffer.from("text\r\n")),
  end: (connection) => connection.endOfMessage(macros, TAKE),
};
const ORDER: readonly Step[] = ["connect", "helo", "mail", "rcpt", "unknown", "data", "header", "eoh", "body", "end"];

/** All steps up to that one, and its answer. */
async function upTo(connection: FilterConnection, last: Step): Promise<Answer> {
  for (const step of ORDER) {
    const answer = await STEPS[step](connection);
    if (step === last) return answer;
  }
  throw new Error("no such step");
}

const ALL = [
  "negotiate 6 0x1ff 0x1fffff",
  "macros connect j=mx.example {daemon_name}=MTA",
  "connect client.example inet 192.0.2.1 port 4711",
  "macros helo",
  "helo client.example",
  "macros mail i=Q1",
  "mail <a@x.example> SIZE=7 BODY=8BITMIME",
  "macros rcpt",
  "rcpt <b@y.example> NOTIFY=NEVER",
  "unknown FOO  bar",
  "data",
  "header Subject: two\\n\\tlines",
  "eoh",
  "body 6",
  "macros end {msg_id}=<1@x>",
  "end",
];

describe.each(["unix", "inet", "inet6"] as const)("over %s", (listensOn) => {
  test("each command is said, with its macros before it", async () => {
    const { filter, connection } = await dialogue({ listensOn });
    expect(await upTo(connection, "end")).toEqual({ kind: "continue" });
    expect(filter.transcript).toEqual(ALL);
  });
});

test("clients of other families are told as they are", async () => {
  const { filter, connection } = await dialogue({}, { macros: { ...MACROS, connect: [] } });
  await connection.connect(macros, "a", { family: "inet6", address: "2001:db8::1", port: 25 });
  await connection.connect(macros, "b", { family: "unix", path: "/run/x" });
  await connection.connect(macros, "c", { family: "unknown" });
  expect(filter.transcript.slice(1)).toEqual([
    "connect a inet6 IPv6:2001:db8::1 port 25",
    "connect b unix /run/x",
    "connect c unknown",
  ]);
});

describe("what a filter negotiates", () => {
  test.each(Object.keys(UNWANTED_BITS) as Step[])(
    "%s is not told where it is not wanted, its macros are",
    async (step) => {
      const { filter, connection } = await dialogue({ negotiates: { protocol: UNWANTED_BITS[step] } });
      await upTo(connection, "end");
      const command = step === "unknown" ? "unknown" : step;
      expect(filter.transcript).toEqual(ALL.filter((line) => !line.startsWith(`${command} `) && line !== command));
      expect(connection.negotiated.unwanted).toEqual(new Set([step]));
    },
  );

  test("commands without answers are said one behind the other", async () => {
    const steps = Object.keys(UNANSWERED_BITS) as Step[];
    const protocol = steps.reduce((bits, step) => bits | UNANSWERED_BITS[step]!, 0);
    const { filter, connection } = await dialogue({
      negotiates: { protocol },
      mute: [...(steps as Exclude<Step, "end">[])],
    });
    for (const step of ORDER.slice(0, -1)) expect(STEPS[step](connection)).toEqual({ kind: "continue" });
    expect(await STEPS.end(connection)).toEqual({ kind: "continue" });
    expect(filter.transcript).toEqual(ALL);
  });

  test.each([
    [2, ["unknown FOO  bar", "data"]],
    [3, ["data"]],
    [4, []],
    [7, []],
  ])("version %i hears what it knows", async (version, unheard) => {
    const { filter, connection } = await dialogue({ negotiates: { version } });
    await upTo(connection, "end");
    expect(filter.transcript).toEqual(ALL.filter((line) => !unheard.includes(line)));
    expect(connection.negotiated.version).toBe(Math.min(version, 6));
  });

  test("values of fields keep the blank behind the colon where both agree", async () => {
    const edits: Edit[] = [];
    const { filter, connection } = await dialogue({
      negotiates: { protocol: LEADING_SPACE },
      on: { end: [[{ kind: "add-header", name: "X-A", value: "one" }, { kind: "accept" }]] },
    });
    await upTo(connection, "body");
    await connection.endOfMessage(macros, (edit) => void edits.push(edit));
    expect(filter.transcript).toContain("header Subject:  two\\n\\tlines");
    expect(edits).toEqual([{ kind: "add-header", name: "X-A", value: "one" }]);
  });

  test("a filter names the macros that it wants", async () => {
    const { filter, connection } = await dialogue({
      lists: new Map([
        ["helo", []],
        ["envrcpt", ["{j}", "msg_id"]],
        ["data", ["i,j"]],
      ]),
    });
    await upTo(connection, "data");
    expect(filter.transcript.filter((line) => line.startsWith("macros"))).toEqual([
      "macros connect j=mx.example {daemon_name}=MTA",
      "macros mail i=Q1",
      "macros rcpt j=mx.example {msg_id}=<1@x>",
      "macros data i=Q1 j=mx.example",
    ]);
  });

  test.each([
    ["a version that is too old", { negotiates: { version: 1 } }, /version 1 of the protocol/],
    ["actions that were not offered", { negotiates: { actions: 0x200 } }, /actions 0x200 that were not offered/],
    ["steps that were not offered", { negotiates: { protocol: 0x10000000 } }, /steps 0x10000000 that were not/],
    ["another answer", { instead: { kind: "accept" } }, /'a' \(accept\)|accept/],
    ["too little", { instead: { kind: "octets", octets: packet("O", "\0\0\0\x06") } }, /negotiation of 4 octets/],
    ["no packet", { instead: { kind: "octets", octets: Buffer.from("HTTP/1.1 400\r\n") } }, /a packet of \d+ octets/],
    ["an empty packet", { instead: { kind: "octets", octets: Buffer.alloc(4) } }, /length 0/],
  ] satisfies [string, Scenario, RegExp][])("%s ends it", async (_name, scenario, words) => {
    const failure = dialogue(scenario).catch((error: unknown) => error);
    const error = (await failure) as FilterError;
    expect(error).toBeInstanceOf(FilterError);
    expect(error).toMatchObject({ kind: "protocol", filter: "scripted" });
    expect(error.message).toMatch(words);
  });

  test("larger packets are used where both agree", async () => {
    const { filter, connection } = await dialogue({ negotiates: { protocol: 0x10000000 } }, { chunk: 1024 });
    await upTo(connection, "eoh");
    await connection.body(Buffer.alloc(300_000, "x"));
    expect(filter.transcript.slice(-2)).toEqual(["body 262143", "body 37857"]);
  });
});

const ANSWERS: readonly Answer[] = [
  ...(["continue", "accept", "reject", "tempfail", "discard", "skip", "shutdown", "connection-failure"] as const).map(
    (kind) => ({ kind }),
  ),
  { kind: "reply", code: 451, enhanced: "4.7.1", lines: ["later, 100%", "or never"] },
  { kind: "reply", code: 550, lines: ["no"] },
];
const NOWHERE: Readonly<Partial<Record<Answer["kind"], readonly Step[]>>> = {
  skip: ["connect", "helo", "mail", "rcpt", "unknown", "data", "end"],
  discard: ["connect", "helo", "unknown"],
};

describe.each(ORDER)("at %s", (step) => {
  test.each(ANSWERS)("the answer %j", async (answer) => {
    const { filter, connection } = await dialogue({ on: { [step]: [answer] } });
    const said = upTo(connection, step);
    if (!NOWHERE[answer.kind]?.includes(step)) {
      expect(await said).toEqual(answer);
      expect(filter.connections()).toBe(1);
      return;
    }
    await expect(said).rejects.toMatchObject({
      kind: "protocol",
      message: expect.stringMatching(`it answered ${answer.kind} to .*, where that is not allowed`),
    });
    // It is over: later steps say the same.
    await expect(connection.endOfMessage(macros, TAKE)).rejects.toThrow(answer.kind);
  });

  test.each([
    ["progress", [{ kind: "progress" }], step === "end"],
    ["an edit", [{ kind: "delete-recipient", path: "<b@y.example>" }], step === "end"],
    ["what means nothing", [{ kind: "octets", octets: packet("z") }], false],
    ["an edit that is cut off", [{ kind: "octets", octets: packet("m", "\0") }], false],
    ["a field without a name", [{ kind: "octets", octets: packet("h", "X Y\0z\0") }], false],
  ] satisfies [string, Turn[], boolean][])("%s", async (_name, sayings, isAllowed) => {
    const turn = [...sayings, ...(isAllowed ? [{ kind: "accept" } as const] : [])].flat();
    const { connection } = await dialogue({ on: { [step]: [turn] } });
    const said = upTo(connection, step);
    if (isAllowed) expect(await said).toEqual({ kind: "accept" });
    else await expect(said).rejects.toMatchObject({ kind: "protocol" });
  });
});
