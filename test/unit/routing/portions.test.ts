/** Large lists in portions: in what order they come, what a crash between two of them leaves, and whom they hold up. */
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { Recipient } from "../../../src/envelope/recipient.ts";
import type { ExpansionContext, Portion } from "../../../src/routing/expansion.ts";
import { expandInPortions } from "../../../src/routing/recipients.ts";
import type { UserFiles } from "../../../src/routing/user-files.ts";
import { MOST_PIECES } from "../../../src/sys/breath.ts";
import { expansionContext } from "../../support/expansion.ts";
import { fuzz } from "../../support/fuzz.ts";
import { ownFiles } from "../../support/user-files.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "portions-"));
});
afterEach(() => rmSync(home, { recursive: true }));

const members = (count: number, name = "m"): string[] =>
  Array.from({ length: count }, (_, at) => `${name}${at}@far.test`);

/** The list that is in this file, as an alias. */
function listOf(lines: readonly string[], name = "list"): string {
  const path = join(home, name);
  writeFileSync(path, `${lines.join("\n")}\n`, { mode: 0o600 });
  return `:include:${path}`;
}

/** What the queue does with a portion. */
function apply(recipients: Recipient[], { changes, added }: Portion): void {
  for (const { index, state, status, resolved } of changes) {
    const before = recipients[index];
    recipients[index] = {
      ...before,
      state: state === "failed" ? "todo" : state,
      status: status ?? before.status,
      resolved: resolved ?? before.resolved,
    };
  }
  for (const each of added) recipients.push(each.state === "failed" ? { ...each, state: "todo" } : each);
}

const todoOf = (recipients: readonly Recipient[]): number[] =>
  recipients.flatMap(({ state }, index) => (state === "todo" || state === "deferred" ? [index] : []));

/** Serves all that comes, until a crash after so many portions. Returns whom, in order. */
async function serve(context: ExpansionContext, recipients: Recipient[], portions = Infinity): Promise<string[]> {
  const served: string[] = [];
  let count = 0;
  for await (const portion of expandInPortions(context, recipients.slice(), todoOf(recipients))) {
    apply(recipients, portion);
    if (count++ === portions) break;
    for (const index of portion.ready) {
      const { resolved } = recipients[index];
      served.push(`${resolved!.mailer} ${resolved!.user}`);
      recipients[index] = { ...recipients[index], state: "delivered" };
    }
  }
  return served;
}

const asked = (given: string): Recipient[] => [{ given, state: "todo" }];

describe("expandInPortions()", () => {
  test("gives the first members before the last is read, and the list itself at the end", async () => {
    const context = expansionContext(home, { club: listOf(members(10_000)) });
    let parts = 0;
    const files: UserFiles = {
      ...ownFiles,
      readPart: (...question) => {
        parts++;
        return ownFiles.readPart(...question);
      },
    };
    const recipients = asked("club");
    const sizes: number[] = [];
    for await (const portion of expandInPortions({ ...context, files }, recipients.slice(), [0])) {
      if (sizes.length === 0) expect(parts).toBe(1);
      const last = recipients.length + portion.added.length === 10_002;
      expect(portion.changes.map(({ state }) => state)).toEqual(last ? ["expanded", "expanded"] : []);
      sizes.push(portion.ready.length);
      apply(recipients, portion);
    }
    expect(parts).toBeGreaterThan(1);
    expect(sizes[0]).toBe(99);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(400);
    expect(sizes.reduce((sum, each) => sum + each, 0)).toBe(10_000);
  });

  test("after a crash a half expanded list is opened again, and nobody is served twice or forgotten", async () => {
    await fuzz(10, async (next, note) => {
      // Lists in lists, some members in several of them, lines that are none.
      const names = Array.from({ length: 1 + next(5) }, (_, at) => `l${at}`);
      const wanted = new Set<string>(["local ann"]);
      const aliases: Record<string, string> = {};
      names.forEach((name, at) => {
        const own = Array.from({ length: next(700) }, () => `m${next(1_500)}@far.test`);
        for (const each of own) wanted.add(`esmtp ${each}`);
        const inner = at + 1 < names.length ? [names[at + 1]] : [];
        const half = Math.floor(own.length / 2);
        const all = [...own.slice(0, half), "bad@x.test", ...inner, ...own.slice(half), "\\ann"];
        aliases[name] = next(2) === 0 ? all.join(", ") : listOf(all, name);
      });
      const context = expansionContext(home, aliases, ["ann"]);
      const recipients = asked("l0");
      const served: string[] = [];
      const crashes: number[] = [];
      while (recipients[0].state !== "expanded") {
        crashes.push(1 + next(3));
        served.push(...(await serve(context, recipients, crashes.at(-1))));
      }
      note({ names, crashes, lengths: Object.values(aliases).map(({ length }) => length) });
      served.push(...(await serve(context, recipients)));
      expect(served.toSorted()).toEqual([...wanted].toSorted());
    });
  });

  test("a list that somebody writes to while it is read is begun again, without those that are served", async () => {
    const path = join(home, "list");
    const context = expansionContext(home, { club: listOf(members(10_000)) });
    let parts = 0;
    const files: UserFiles = {
      ...ownFiles,
      readPart: (...question) => {
        if (++parts === 2) appendFileSync(path, "late@far.test\n");
        return ownFiles.readPart(...question);
      },
    };
    const served = await serve({ ...context, files }, asked("club"));
    expect(new Set(served).size).toBe(served.length);
    expect(served).toHaveLength(10_001);
    expect(served).toContain("esmtp late@far.test");
  });

  test("a list that is written to all the time waits, and says why", async () => {
    const path = join(home, "list");
    const context = expansionContext(home, { club: listOf(members(10_000)) });
    const files: UserFiles = {
      ...ownFiles,
      readPart: (...question) => {
        appendFileSync(path, "late@far.test\n");
        return ownFiles.readPart(...question);
      },
    };
    const recipients = asked("club");
    await serve({ ...context, files }, recipients);
    expect(recipients[1]).toMatchObject({ state: "deferred", status: { status: "4.2.4" } });
    expect(recipients[1].status?.text).toMatch(/File was written to while it was being read/);
    const rest = await serve(context, recipients);
    expect(rest).toContain("esmtp m9999@far.test");
    expect(recipients.filter(({ state }) => state === "delivered")).toHaveLength(10_001);
  });

  test("bad lines are told once, however often their list is opened", async () => {
    mkdirSync(join(home, "ann"));
    writeFileSync(join(home, "ann", ".forward"), `:include:${join(home, "list")}\n`, { mode: 0o600 });
    listOf([...members(500), "bad@x.test", ...members(500, "n")]);
    const context = expansionContext(home, {}, ["ann"]);
    const recipients = asked("ann");
    const told: string[] = [];
    for (let round = 0; round < 3; round++) {
      for await (const portion of expandInPortions(context, recipients.slice(), todoOf(recipients))) {
        apply(recipients, portion);
        for (const [index, { state, status, given }] of recipients.entries()) {
          if (state !== "todo" || status?.action !== "failed") continue;
          expect(given).toBe("ann");
          told.push(status.text);
          recipients[index] = { ...recipients[index], state: "failed" };
        }
        if (round < 2 && told.length > 0) break;
      }
    }
    expect(told).toEqual([`${join(home, "list")}: line 501: Address refused`]);
    expect(recipients[0].state).toBe("expanded");
  });

  test.each(["alias", "file", "nested"])("holds nobody up: %s", async (kind) => {
    const all = members(4_000);
    const branches = Array.from({ length: 20 }, (_, at) => [`b${at}`, all.slice(at * 200, at * 200 + 200).join(",")]);
    const aliases: Record<string, Record<string, string>> = {
      alias: { list: all.join(", ") },
      file: { list: listOf(all) },
      nested: { list: branches.map(([name]) => name).join(", "), ...Object.fromEntries(branches) },
    };
    const context = expansionContext(home, aliases[kind]);
    // Pieces of work between two moments at which others have their turn.
    let [pieces, most, isOver] = [0, 0, false];
    const others = (): void => {
      most = Math.max(most, pieces);
      pieces = 0;
      if (!isOver) setImmediate(others);
    };
    setImmediate(others);
    const { rules } = context;
    const resolve: typeof rules.resolve = (...question) => {
      pieces++;
      return rules.resolve(...question);
    };
    const served = await serve({ ...context, rules: { ...rules, resolve } }, asked("list"));
    isOver = true;
    expect(served).toHaveLength(4_000);
    expect(most).toBeLessThanOrEqual(MOST_PIECES + 1);
  });
});
