import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { Recipient } from "../../../src/envelope/recipient.ts";
import { refusalOf } from "../../../src/routing/refusal.ts";
import type { Expansion } from "../../../src/routing/expansion.ts";
import { expandRecipients } from "../../../src/routing/recipients.ts";
import { expansionContext } from "../../support/expansion.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "recipients-"));
});
afterEach(() => rmSync(home, { recursive: true }));

const uid = process.getuid?.() ?? 0;
const context = (aliases: Record<string, string>, users: readonly string[]) => expansionContext(home, aliases, users);

async function expand(
  given: readonly string[],
  aliases: Record<string, string>,
  users: readonly string[] = ["ann", "bob"],
): Promise<{ expansion: Expansion; all: Recipient[]; story: string[] }> {
  const recipients: Recipient[] = given.map((each) => ({ given: each, state: "todo" }));
  const expansion = await expandRecipients(
    context(aliases, users),
    recipients,
    recipients.map((_, i) => i),
  );
  const all = recipients.map((each, index) => ({
    ...each,
    ...expansion.changes.find((change) => change.index === index),
  }));
  all.push(...(expansion.added as Recipient[]));
  const story = all.map(
    ({ given: text, state, resolved }) =>
      `${text}: ${state}${resolved && state === "todo" ? ` ${resolved.mailer}` : ""}`,
  );
  return { expansion, all, story };
}

/**
 * What sendmail 8.17 makes of such aliases (sorted): who gets mail, and what is wrong. `joe<ann` is a .forward of joe's.
 * The last word: does RCPT refuse it already?
 */
const LOOPS: readonly (readonly [string, readonly string[], boolean | string])[] = [
  ["l1: l2 / l2: l1", ["5.4.6 l1"], true],
  ["l1: l2 / l2: l3 / l3: l1", ["5.4.6 l1"], true],
  ["l1: l2, l3 / l2: l1 / l3: l2", ["5.4.6 l1"], true],
  ["l1: l2, l2 / l2: l1, l1", ["5.4.6 l1"], true],
  ["l1: l2, bob / l2: l1", ["bob"], false],
  ["l1: l2, bob / l2: l3 / l3: l1, ann", ["ann", "bob"], false],
  ["l1: x, bob / x: y / y: x", ["bob"], false],
  ["l1: l1", ["5.1.1 l1"], "5.1.1"],
  ["l1: bob, l1", ["5.1.1 l1", "bob"], false],
  ["l1: ann, bob / bob: ann", ["ann"], false],
  ["l1: x / x: bob / bob: l1", ["bob"], false],
  ["l1: bob / bob<l1", ["bob"], false],
  ["l1: bob / bob<ann / ann<bob", ["ann", "bob"], false],
  ["l1: bob / bob<x / x: y / y: x", ["bob"], false],
  ["l1: bob / bob<x, ann / x: y / y: x", ["ann", "bob"], false],
  ["l1: bob / bob<ann / ann<far@x.test, bob", ["bob", "far@x.test"], false],
  ["l1: \\l1", ["5.1.1 \\l1"], false],
  ["l1: \\bob / bob: l1", ["bob"], false],
  ["l1: |prog, l2 / l2: l1", ["prog"], false],
  ["l1: l2, far@x.test / l2: l1", ["far@x.test"], false],
];

describe("aliases that lead back to themselves", () => {
  test.each(LOOPS)("%s: %j", async (text, wanted, refusedAtOnce) => {
    const lines = text.split(" / ");
    const aliases = Object.fromEntries(lines.filter((line) => line.includes(": ")).map((line) => line.split(": ", 2)));
    for (const line of lines.filter((each) => each.includes("<"))) {
      const [user, target] = line.split("<");
      mkdirSync(join(home, user));
      writeFileSync(join(home, user, ".forward"), `${target}\n`, { mode: 0o600 });
    }
    const { all } = await expand(["l1"], aliases);
    const found = all.flatMap(({ given, state, status, resolved }) =>
      state === "todo" ? [resolved!.user] : state === "failed" ? [`${status?.status} ${given}`] : [],
    );
    expect(found.toSorted()).toEqual(wanted);
    const names = context(aliases, ["ann", "bob"]);
    const triple = { mailer: "local", host: "", user: "l1" };
    const refusal = await refusalOf(names, triple, names.scope);
    expect(refusal?.enhanced).toBe(refusedAtOnce === true ? "5.4.6" : refusedAtOnce || undefined);
  });
});

describe("lists that name themselves", () => {
  /** As sendmail 8.17: the list itself is a duplicate; where nobody else is named, the circle is an error. */
  test.each([
    ["self", ":include:/self", ["5.4.6 self"], "aliasing/forwarding loop: :include:/self -> :include:/self"],
    ["self", "ann\n:include:/self\nbob", ["ann", "bob"], undefined],
    [
      "one",
      ":include:/two",
      ["5.4.6 one"],
      "aliasing/forwarding loop: :include:/one -> :include:/two -> :include:/one",
    ],
    ["one", ":include:/two\nann", ["ann"], undefined],
    ["void", "# nobody", ["5.4.6 void"], "its lists have no members"],
  ])("%s: %j", async (name, text, wanted, said) => {
    const place = (content: string): string => content.replaceAll(":include:/", `:include:${home}/`);
    writeFileSync(join(home, name), place(text), { mode: 0o600 });
    writeFileSync(join(home, "two"), place(":include:/one\n"), { mode: 0o600 });
    const places = context({ [name]: `:include:${home}/${name}` }, ["ann", "bob"]);
    const asked: Recipient = { given: name, state: "todo" };
    const { changes, added } = await expandRecipients(places, [asked], [0]);
    const all = [{ ...asked, ...changes[0] }, ...added];
    const found = all.flatMap(({ given, state, status, resolved }) =>
      state === "todo" ? [resolved!.user] : state === "failed" ? [`${status?.status} ${given}`] : [],
    );
    expect(found).toEqual(wanted);
    const told = places.warnings.map((line) => line.replaceAll(`${home}/`, "/"));
    expect(told).toEqual(said === undefined ? [] : [`${name}: ${said}`]);
  });

  test("a list that is named twice is read once", async () => {
    writeFileSync(join(home, "list"), "ann\nbob\n", { mode: 0o600 });
    const { story } = await expand(["club"], { club: `:include:${home}/list, :include:${home}/list` });
    expect(story.slice(1)).toEqual([
      `:include:${home}/list: expanded`,
      `:include:${home}/list: duplicate`,
      "ann: todo local",
      "bob: todo local",
    ]);
  });
});

describe("expandRecipients()", () => {
  test("opens an alias of several and leaves each member with its own triple", async () => {
    const { story, all } = await expand(["staff"], { staff: "ann, x@far.test" });
    expect(story).toEqual(["staff: expanded", "ann: todo local", "x@far.test: todo esmtp"]);
    expect(all[1].parent).toBe(0);
  });

  test("fails unknown users with 5.1.1 and keeps what resolves only later", async () => {
    const { all } = await expand(["nobody", "bad@x.test", "later@x.test"], {});
    expect(all.map(({ state, status }) => [state, status?.status])).toEqual([
      ["failed", "5.1.1"],
      ["failed", "5.1.2"],
      ["deferred", "4.4.3"],
    ]);
  });

  test("delivers once to somebody who is named twice", async () => {
    const { story } = await expand(["ann", "staff", "ann"], { staff: "bob, ann" });
    expect(story).toEqual([
      "ann: todo local",
      "staff: expanded",
      "ann: duplicate",
      "bob: todo local",
      "ann: duplicate",
    ]);
  });

  test("takes an alias that names itself as the user of that name", async () => {
    const { story } = await expand(["ann"], { ann: "ann, bob" });
    expect(story).toEqual(["ann: expanded", "ann: todo local", "bob: todo local"]);
    const hidden = await expand(["ann"], { ann: "\\ann, bob" });
    expect(hidden.story).toEqual(["ann: expanded", "\\ann: todo local", "bob: todo local"]);
  });

  test("breaks a loop of aliases that no user is part of", async () => {
    const { story, all } = await expand(["a"], { a: "b", b: "c", c: "a" });
    expect(story.slice(0, 3)).toEqual(["a: failed", "b: expanded", "c: expanded"]);
    expect(all[0]).toMatchObject({ state: "failed", status: { status: "5.4.6" } });
    expect(all[3]).toMatchObject({ given: "a", state: "duplicate" });
  });

  test("ends a chain that is deeper than MaxAliasRecursion", async () => {
    const aliases = Object.fromEntries(Array.from({ length: 15 }, (_, i) => [`a${i}`, `a${i + 1}`]));
    const { all } = await expand(["a0"], aliases);
    expect(all.at(-1)).toMatchObject({ state: "failed", status: { status: "5.4.6" } });
  });

  test("lets aliases name programs and files, but nobody from outside", async () => {
    const { story, all } = await expand(["box"], { box: '"|/bin/archive -x", /var/mail/box' });
    expect(story).toEqual(["box: expanded", "|/bin/archive -x: todo prog", "/var/mail/box: todo *file*"]);
    expect(all[1].resolved?.user).toBe("/bin/archive -x");
    expect((await expand(["|/bin/sh"], {})).story).toEqual(["|/bin/sh: failed"]);
  });

  test("opens .forward with the user's rights, once, and delivers \\user to the mailbox", async () => {
    mkdirSync(join(home, "ann"), { mode: 0o700 });
    writeFileSync(join(home, "ann", ".forward"), '# away\n\\ann, "|/usr/bin/vacation ann"\n', { mode: 0o600 });
    const { story, all } = await expand(["ann"], {});
    expect(story).toEqual(["ann: expanded", "\\ann: todo local", "|/usr/bin/vacation ann: todo prog"]);
    expect(all[2].rights).toMatchObject({ user: "ann", uid });
  });

  test("a .forward of comments alone forwards nothing and loses nothing", async () => {
    mkdirSync(join(home, "ann"), { mode: 0o700 });
    writeFileSync(join(home, "ann", ".forward"), "# not now: bob\n\n", { mode: 0o600 });
    expect((await expand(["ann"], {})).story).toEqual(["ann: todo local"]);
  });

  test("an alias that names nobody fails, it does not swallow mail", async () => {
    const { all } = await expand(["void"], { void: " , " });
    expect(all[0]).toMatchObject({ state: "failed", status: { status: "5.2.4" } });
  });

  test("reads a :include: list and gives its owner's address to the members", async () => {
    const file = join(home, "list");
    writeFileSync(file, "# members\nann\nx@far.test (X)\n", { mode: 0o600 });
    const { story, all } = await expand(["club"], { club: `:include:${file}`, "owner-club": "boss@far.test" });
    expect(story).toEqual([
      "club: expanded",
      `:include:${file}: expanded`,
      "ann: todo local",
      "x@far.test (X): todo esmtp",
    ]);
    expect(all.slice(2).map(({ owner }) => owner)).toEqual(["boss@far.test", "boss@far.test"]);
  });

  test.each([
    ["list", "list-request"],
    ["list-request", "orq@c.test"],
    // By way of list-request, which has an owner, too: the nearest counts.
    ["owner-list", "orq@c.test"],
    ["owner-two", "oo@c.test"],
    ["outer", "list-request"],
    ["other-request", undefined],
  ])("mail to %s goes on in the name of %s", async (name, owner) => {
    const aliases = {
      list: "m1@c.test, m2@c.test",
      "owner-list": "list-request",
      "list-request": "boss@c.test",
      "owner-list-request": "orq@c.test",
      "other-request": "m1@c.test",
      outer: "list",
      "owner-outer": "outer@c.test",
      two: "m1@c.test",
      "owner-two": "two-request, x@c.test",
      "two-request": "boss@c.test",
      "owner-owner": "oo@c.test",
    };
    const { all } = await expand([name], aliases);
    const members = all.filter(({ state }) => state === "todo");
    expect(members.length).toBeGreaterThan(0);
    expect(members.map((member) => member.owner)).toEqual(members.map(() => owner));
  });

  test("fails a list that does not exist", async () => {
    const { all } = await expand(["club"], { club: `:include:${home}/none` });
    expect(all[1]).toMatchObject({ state: "failed", status: { status: "5.2.4" } });
  });

  test("reports some of the bad lines of a file, and logs as many", async () => {
    mkdirSync(join(home, "ann"));
    const lines = Array.from({ length: 300 }, (_, line) => `bad@${line}.test\n`);
    writeFileSync(join(home, "ann", ".forward"), `${lines.join("")}good@far.test\n`, { mode: 0o600 });
    const { all } = await expand(["ann"], {});
    const failed = all.filter(({ state }) => state === "failed");
    expect(failed).toHaveLength(100);
    expect(failed[0].status?.text).toMatch(/: line 1: Address refused$/);
    expect(failed[99].status?.text).toMatch(/: line 100: Address refused \(no more bad lines are listed\)$/);
    expect(all.filter(({ state }) => state === "duplicate")).toHaveLength(200);
    expect(all.filter(({ state }) => state === "todo").map(({ given }) => given)).toEqual(["good@far.test"]);
  });

  test("10,000 aliases at once, and a list of 100,000, cost what they weigh", async () => {
    const names = Array.from({ length: 10_000 }, (_, number) => `a${number}`);
    const aliases = Object.fromEntries(names.map((name) => [name, `${name}@far.test`]));
    const places = context({ ...aliases, list: `:include:${join(home, "list")}` }, []);
    const many = names.map((given): Recipient => ({ given, state: "todo" }));
    const opened = await expandRecipients(places, many, [...many.keys()]);
    expect(opened.changes.filter(({ state }) => state === "expanded")).toHaveLength(10_000);
    expect(opened.added).toHaveLength(10_000);
    const lines = Array.from({ length: 100_000 }, (_, number) => `m${number}@b.test\n`);
    writeFileSync(join(home, "list"), lines.join(""), { mode: 0o600 });
    const { added } = await expandRecipients(places, [{ given: "list", state: "todo" }], [0]);
    expect(added).toHaveLength(100_001);
  });
});
