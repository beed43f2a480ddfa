import { chmodSync, chownSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { ClientOperator } from "../../../src/queue/client-operator.ts";
import { ClientQueue } from "../../../src/queue/client-queue.ts";
import { envelope } from "../../support/queue-samples.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "rulemail-client-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function left(body = "x\r\n"): Promise<string> {
  const draft = new ClientQueue(folder).draft();
  await draft.write(Buffer.from(body));
  await draft.commit(envelope(draft.id));
  return draft.id;
}

async function collected(): Promise<readonly string[]> {
  return (await new ClientQueue(folder).collect(() => Promise.resolve(true))).taken;
}

const operator = (): ClientOperator => new ClientOperator(folder);

describe("ClientOperator", () => {
  test("what is held stays until it is released, and is as it was then", async () => {
    const id = await left();
    const before = readFileSync(join(folder, `qf${id}`));
    expect(await operator().hold(id, "look\nat it")).toBe(true);
    expect(readdirSync(folder).toSorted()).toEqual([`df${id}`, `hf${id}`]);
    expect((await operator().inspect(id))!.entry).toMatchObject({ id, hold: "look at it" });
    expect(await operator().hold(id, "again")).toBe(true);
    expect((await operator().inspect(id))!.entry.hold).toBe("again");
    expect(await collected()).toEqual([]);
    expect(await operator().release(id)).toBe(true);
    expect(await operator().release(id)).toBe(false);
    expect(readFileSync(join(folder, `qf${id}`)).equals(before)).toBe(true);
    expect(await collected()).toEqual([id]);
    expect(readdirSync(folder)).toEqual([]);
  });

  test("the file keeps its owner, group and mode: they say who left the message", async () => {
    const id = await left();
    const path = join(folder, `qf${id}`);
    chmodSync(path, 0o640);
    if (process.getuid?.() === 0) chownSync(path, 64_101, 64_102);
    const { uid, gid, mode } = statSync(path);
    await operator().hold(id, "x");
    expect(statSync(join(folder, `hf${id}`))).toMatchObject({ uid, gid, mode });
    await operator().release(id);
    expect(statSync(path)).toMatchObject({ uid, gid, mode });
  });

  test("a message is shown whole, and removed whole", async () => {
    const id = await left("one\r\ntwo\r\n");
    const found = (await operator().inspect(id))!;
    expect(found.entry.envelope.headers.map(({ name }) => name)).toEqual(["Received", "Subject", "X-Empty"]);
    expect((await found.body.bytes())!.toString()).toBe("one\r\ntwo\r\n");
    expect(await operator().remove(id)).toBe(true);
    expect(readdirSync(folder)).toEqual([]);
  });

  test("ids that are none, or of nobody, name no file", async () => {
    const id = await left();
    writeFileSync(join(folder, "secret"), "x");
    for (const wrong of [`${id}1`, "", "../secret", `/../../${folder}/secret`]) {
      expect(await operator().inspect(wrong)).toBeUndefined();
      expect(await operator().hold(wrong, "x")).toBe(false);
      expect(await operator().release(wrong)).toBe(false);
      expect(await operator().remove(wrong)).toBe(false);
    }
    expect(readdirSync(folder)).toHaveLength(3);
  });
});
