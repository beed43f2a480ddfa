import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { openQueue } from "../../../src/queue/open-queue.ts";
import { bodyOf, lines, readAll } from "../../support/queue-samples.ts";

const writer = join(import.meta.dirname, "../../support/queue-writer.ts");

/** Lets the writer work until it has said so many lines, kills it, returns what it said. */
async function workAndDie(directory: string, enough: number): Promise<string[]> {
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", writer, directory], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  for await (const chunk of child.stdout) {
    output += String(chunk);
    if (output.split("\n").length > enough) child.kill("SIGKILL");
  }
  return output.split("\n").filter((line) => line !== "");
}

test("after kill -9 under load every acknowledged message is there, and no finished one", async () => {
  const directory = await mkdtemp(join(tmpdir(), "rulemail-kill-"));
  try {
    const accepted = new Map<string, string>();
    const finishing = new Set<string>();
    const finished = new Set<string>();
    const expanded = new Set<string>();
    // Each round begins with what the one before left.
    for (const enough of [40, 350, 1200]) {
      for (const line of await workAndDie(directory, enough)) {
        const [what, id, number, count] = line.split(" ");
        if (what === "accepted") accepted.set(id, lines(Number(count), `s${number}`));
        if (what === "finishing") finishing.add(id);
        if (what === "finished") finished.add(id);
        if (what === "expanded") expanded.add(id);
      }
    }
    expect(accepted.size).toBeGreaterThan(300);
    const { store, recovered } = await readAll(openQueue({ directory }));
    const found = new Set(recovered.map(({ id }) => id));
    expect([...accepted.keys()].filter((id) => !found.has(id) && !finishing.has(id))).toEqual([]);
    expect([...finished].filter((id) => found.has(id))).toEqual([]);
    for (const entry of recovered) {
      const { length } = entry.envelope.recipients;
      if (expanded.has(entry.id)) expect(length).toBe(3);
      expect([1, 3]).toContain(length);
      const body = accepted.get(entry.id);
      if (body !== undefined) expect((await bodyOf(store, entry.id)) === body).toBe(true);
    }
    await store.close();
  } finally {
    await rm(directory, { recursive: true });
  }
});
