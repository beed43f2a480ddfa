/** A body is read back, and replaced, before its message is accepted: in memory and in a df file. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { QueueDraft } from "../../../src/queue/draft.ts";
import { systemFiles } from "../../../src/queue/file-operations.ts";
import { SpooledBodies, SpoolStore } from "../../../src/queue/spool-store.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "draft-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const accept = (): never => {
  throw new Error("nothing is accepted here");
};

function draftWith(inlineLimit: number): QueueDraft {
  const bodies = new SpooledBodies(new SpoolStore(systemFiles, folder), inlineLimit, () => undefined);
  return new QueueDraft("id1", { bodies, newId: () => "id1", accept });
}

async function contentsOf(draft: QueueDraft): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of draft.contents()) chunks.push(chunk);
  return Buffer.concat(chunks).toString("latin1");
}

test.each([[1_000_000], [10]])(
  "what was written is read as it came, and another body takes its place (inline limit %d)",
  async (limit) => {
    const draft = draftWith(limit);
    const long = "x\xe9 line\r\n".repeat(20_000);
    for (const part of ["one\r", "\ntwo\r\n", long]) await draft.write(Buffer.from(part, "latin1"));
    expect(await contentsOf(draft)).toBe(`one\r\ntwo\r\n${long}`);
    await draft.restart();
    expect([await contentsOf(draft), draft.size]).toEqual(["", 0]);
    await draft.write(Buffer.from("new\r\n"));
    expect([await contentsOf(draft), draft.size]).toEqual(["new\r\n", 5]);
    if (limit === 10) expect(readFileSync(join(folder, "dfid1"), "latin1")).toBe("new\n");
    draft.discard();
  },
);
