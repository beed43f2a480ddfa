/** The mail filter protocol: what one half of the codec writes the other reads, and neither stumbles over any octets. */
import { expect, test } from "@jest/globals";
import { decodeSaid } from "../../src/milter/answers.ts";
import { MACRO_STAGES } from "../../src/milter/bits.ts";
import { type Command, encodeCommand } from "../../src/milter/commands.ts";
import { decodeCommand, encodeAnswer, encodeEdit, encodeNegotiation } from "../../src/milter/filter-half.ts";
import type { Answer, ClientPlace, Edit, MacroStage, Step } from "../../src/milter/filter.ts";
import { type Packet, PacketReader } from "../../src/milter/packets.ts";
import { begin, closeDialogues, dialogue, noMacros } from "../support/filter-dialogue.ts";
import { damage, fuzz, type Random, randomOctets } from "../support/fuzz.ts";

const pick = <T>(random: Random, list: readonly T[]): T => list[random(list.length)];
const several = <T>(random: Random, most: number, make: () => T): T[] => Array.from({ length: random(most + 1) }, make);

/** Any octets but NUL, which ends a string. */
const text = (random: Random, longest = 12): string => randomOctets(random, longest).replaceAll("\0", "0");
/** Parameters and macro names are not empty. */
const word = (random: Random): string => text(random).replaceAll(/[ \t,{}\r\n]/g, "_") || "x";
const number = (random: Random): number => pick(random, [0, 1, 7, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff]);

const STEPS = ["connect", "helo", "mail", "rcpt", "data", "header", "eoh", "body", "end", "unknown"] as const;

function randomPlace(random: Random): ClientPlace {
  const port = random(65_536);
  return pick<ClientPlace>(random, [
    { family: "unknown" },
    { family: "unix", path: text(random) },
    { family: "inet", address: `192.0.2.${random(256)}`, port },
    { family: "inet6", address: `IPv6:2001:db8::${random(256)}`, port },
  ]);
}

function randomCommand(random: Random): Command {
  const octets = Buffer.from(randomOctets(random, 40), "latin1");
  const values = several(random, 4, () => [text(random), text(random, 30)] as const);
  return pick<() => Command>(random, [
    () => ({ kind: "negotiate", version: number(random), actions: number(random), protocol: number(random) }),
    () => ({ kind: "macros", step: pick<Step>(random, STEPS), values }),
    () => ({ kind: "connect", host: text(random), place: randomPlace(random) }),
    () => ({ kind: "helo", name: text(random) }),
    () => ({
      kind: pick(random, ["mail", "rcpt"]),
      path: text(random),
      parameters: several(random, 3, () => text(random)),
    }),
    () => ({ kind: pick(random, ["data", "eoh", "abort", "quit", "quit-and-next"]) }),
    () => ({ kind: "unknown", line: text(random) }),
    () => ({ kind: "header", name: text(random), value: text(random, 40) }),
    () => ({ kind: pick(random, ["body", "end"]), octets }),
  ])();
}

function randomAnswer(random: Random): Answer {
  if (random(2) === 0) {
    const kinds = ["accept", "continue", "discard", "connection-failure", "reject", "skip", "tempfail", "shutdown"];
    return { kind: pick(random, kinds) as Exclude<Answer["kind"], "reply"> };
  }
  const code = 400 + random(200);
  // A line of text cannot hold a line end, nor begin like the codes before it.
  const line = (): string => `x${text(random, 30).replaceAll(/[\r\n]/g, "_")}`;
  const lines = [line(), ...several(random, 3, line)];
  return { kind: "reply", code, ...(random(2) === 0 && { enhanced: `${random(2) + 4}.${random(999)}.7` }), lines };
}

function randomEdit(random: Random): Edit {
  const name = word(random).replaceAll(/[^!-9;-~]/g, "-");
  // Lines of a value end with CRLF, and each begins with a blank.
  const value = [text(random, 20), ...several(random, 3, () => `\t.${text(random, 20)}`)]
    .map((line) => line.replaceAll(/[\r\n]/g, "_"))
    .join("\r\n");
  const path = `<${word(random)}>`;
  const parameters = several(random, 3, () => word(random));
  return pick<() => Edit>(random, [
    () => ({ kind: "add-header", name, value }),
    () => ({ kind: "insert-header", index: number(random), name, value }),
    () => ({ kind: "change-header", index: number(random), name, value: value === "" ? undefined : value }),
    () => ({ kind: "add-recipient", path, parameters }),
    () => ({ kind: "delete-recipient", path }),
    () => ({ kind: "change-sender", path, parameters }),
    () => ({ kind: "replace-body", chunk: Buffer.from(randomOctets(random, 60), "latin1") }),
    () => ({ kind: "quarantine", reason: text(random) }),
  ])();
}

/** The packets, read from octets in pieces of any size. */
function read(random: Random, octets: Buffer): Packet[] {
  const reader = new PacketReader();
  const found: Packet[] = [];
  for (let at = 0; at < octets.length;) {
    const size = 1 + random(30);
    reader.push(octets.subarray(at, at + size));
    at += size;
    for (let packet = reader.next(); packet; packet = reader.next()) found.push(packet);
  }
  return found;
}

test("what a server says is what a filter reads", async () => {
  await fuzz(150, (random, note) => {
    const commands = several(random, 6, () => randomCommand(random));
    note(commands);
    expect(read(random, Buffer.concat(commands.map(encodeCommand))).map(decodeCommand)).toEqual(commands);
  });
});

test("what a filter says is what a server reads", async () => {
  await fuzz(150, (random, note) => {
    const answers = several(random, 4, () => randomAnswer(random));
    const edits = several(random, 4, () => randomEdit(random));
    note([answers, edits]);
    const octets = Buffer.concat([...edits.map(encodeEdit), ...answers.map(encodeAnswer)]);
    const said = read(random, octets).map(decodeSaid);
    expect(
      said.map((each) => (each.kind === "edit" ? each.edit : each.kind === "answer" ? each.answer : each)),
    ).toEqual([...edits, ...answers]);
  });
});

test("a negotiation is read as it was written", async () => {
  await fuzz(200, (random, note) => {
    const bits = { version: number(random), actions: number(random), protocol: number(random) };
    const lists = new Map<MacroStage, readonly string[]>(
      several(random, 4, () => [
        pick(random, MACRO_STAGES),
        several(random, 4, () => (random(2) === 0 ? "j" : `{x${word(random)}}`)),
      ]),
    );
    note([bits, [...lists]]);
    const [packet] = read(random, encodeNegotiation(bits, lists));
    expect(decodeSaid(packet)).toEqual({ kind: "negotiation", ...bits, lists });
  });
});

/** What it gives; undefined when it refuses with words, the only other thing that it may do. */
function outcome(act: () => unknown): unknown {
  try {
    return act();
  } catch (error) {
    expect(error).toBeInstanceOf(RangeError);
    expect((error as Error).message).not.toBe("");
    return undefined;
  }
}

test("octets that nobody wrote are read, or refused with words; never anything else", async () => {
  await fuzz(400, (random, note) => {
    const whole = Buffer.concat([
      ...several(random, 3, () => encodeCommand(randomCommand(random))),
      ...several(random, 3, () => encodeEdit(randomEdit(random))),
      ...several(random, 2, () => encodeAnswer(randomAnswer(random))),
    ]).toString("latin1");
    const octets = Buffer.from(damage(whole, random, ["\0", "\0\0\0\x01", "\xff", "%", "\r\n"]), "latin1");
    note(octets.toString("base64"));
    const packets = (outcome(() => read(random, octets)) ?? []) as Packet[];
    for (const packet of packets) {
      outcome(() => decodeCommand(packet));
      const said = outcome(() => decodeSaid(packet)) as ReturnType<typeof decodeSaid> | undefined;
      // No edit makes two fields of one, and no reply two replies.
      if (said?.kind === "edit" && "value" in said.edit)
        expect(said.edit.value ?? "").not.toMatch(/\n(?![ \t])|\r(?!\n)/);
      if (said?.kind === "answer" && said.answer.kind === "reply") {
        expect(said.answer.lines.join("")).not.toMatch(/[\r\n]/);
        expect(said.answer.lines.length).toBeGreaterThan(0);
      }
    }
  });
});

test("a filter that says anything at any time comes to an end: an answer, or a failure of the filter", async () => {
  await fuzz(20, async (random, note) => {
    const turn = () => {
      const octets = Buffer.concat([
        ...several(random, 2, () => encodeEdit(randomEdit(random))),
        encodeAnswer(randomAnswer(random)),
      ]).toString("latin1");
      const whole = random(3) === 0 ? damage(octets, random, ["\0", "c"]) : octets;
      return [{ kind: "octets", octets: Buffer.from(whole, "latin1") } as const, { kind: "hang-up" } as const].slice(
        0,
        1 + random(2),
      );
    };
    const on = { mail: [turn()], rcpt: [turn()], header: [turn()], body: [turn()], end: [turn()] };
    const said = Object.fromEntries(Object.entries(on).filter(() => random(3) === 0));
    note(said);
    try {
      const { connection } = await dialogue({ on: said, timeouts: { read: 50, end: 50 } });
      await begin(connection);
      await connection.header("A", " b");
      await connection.body(Buffer.from("x"));
      const answer = await connection.endOfMessage(noMacros, () => undefined);
      expect(answer.kind).toEqual(expect.any(String));
    } catch (error) {
      expect(error).toMatchObject({ name: "FilterError", filter: "scripted" });
    } finally {
      await closeDialogues();
    }
  });
});
