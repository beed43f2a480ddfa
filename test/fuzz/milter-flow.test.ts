/** Much data in both directions between a server and a filter: whole, in order, however it is cut and however slow one side is. */
import { expect, test } from "@jest/globals";
import { CHUNK_1024, CHUNK_256, UNANSWERED_BITS } from "../../src/milter/bits.ts";
import { encodeAnswer, encodeEdit, encodeProgress } from "../../src/milter/filter-half.ts";
import type { Edit } from "../../src/milter/filter.ts";
import { begin, closeDialogues, dialogue, noMacros, TAKE } from "../support/filter-dialogue.ts";
import { fuzz, type Random } from "../support/fuzz.ts";

const pick = <T>(random: Random, list: readonly T[]): T => list[random(list.length)];
const several = <T>(random: Random, most: number, make: () => T): T[] => Array.from({ length: random(most + 1) }, make);
const SIZES = [0, 1, 100, 65_535, 65_536, 200_000, 262_144, 1_048_575];

const octetsOf = (random: Random, size: number): Buffer => Buffer.alloc(size, 65 + random(26));

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((go) => setImmediate(go));
}

test("edits come whole and in order, however large they are and however slowly they are carried out", async () => {
  await fuzz(8, async (random, note) => {
    const sizes = several(random, 5, () => pick(random, SIZES));
    const edits: Edit[] = sizes.map((size) => ({ kind: "replace-body", chunk: octetsOf(random, size) }));
    if (random(2) === 0) edits.unshift({ kind: "quarantine", reason: "odd" });
    const whole = Buffer.concat([
      ...edits.flatMap((edit) => (random(3) === 0 ? [encodeProgress(), encodeEdit(edit)] : [encodeEdit(edit)])),
      encodeAnswer({ kind: "accept" }),
    ]);
    const cuts = several(random, 6, () => random(whole.length)).toSorted((one, other) => one - other);
    const parts = [0, ...cuts].map((from, index) => whole.subarray(from, cuts[index] ?? whole.length));
    const delay = pick(random, [0, 1, 50]);
    note({ sizes, cuts, delay });
    try {
      const on = { end: [parts.map((octets) => ({ kind: "octets", octets }) as const)] };
      const { connection } = await dialogue({ on });
      await begin(connection);
      const taken: Edit[] = [];
      const answer = await connection.endOfMessage(noMacros, (edit) => {
        taken.push(edit);
        return delay === 0 ? undefined : turns(delay);
      });
      expect(answer).toEqual({ kind: "accept" });
      expect(taken.length).toBe(edits.length);
      const equal = taken.map((edit, index) => {
        const wanted = edits[index];
        return "chunk" in edit && "chunk" in wanted ? edit.chunk.equals(wanted.chunk) : edit.kind === wanted.kind;
      });
      expect(equal).not.toContain(false);
    } finally {
      await closeDialogues();
    }
  });
});

test("a body arrives whole, however it is cut, whatever size of packet was agreed on, answered or not", async () => {
  await fuzz(8, async (random, note) => {
    const protocol = pick(random, [0, CHUNK_256, CHUNK_1024]);
    const isMute = random(2) === 0;
    const sizes = several(random, 6, () => pick(random, SIZES));
    note({ protocol, isMute, sizes });
    try {
      const { filter, connection } = await dialogue(
        {
          negotiates: { protocol: isMute ? protocol | UNANSWERED_BITS.body! : protocol },
          mute: isMute ? ["body"] : [],
        },
        { chunk: 1024 },
      );
      await begin(connection);
      const parts = sizes.map((size) => octetsOf(random, size));
      for (const part of parts) expect(await connection.body(part)).toEqual({ kind: "continue" });
      expect(await connection.endOfMessage(noMacros, TAKE)).toEqual({ kind: "continue" });
      expect(filter.octets().equals(Buffer.concat(parts))).toBe(true);
      const largest = filter.transcript.filter((line) => line.startsWith("body")).map((line) => Number(line.slice(5)));
      expect(Math.max(0, ...largest)).toBeLessThanOrEqual(connection.negotiated.chunk);
    } finally {
      await closeDialogues();
    }
  });
});
