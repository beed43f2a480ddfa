/** The class pgsql without a server: K lines, settings files, and how long answers are good for. With one: test/peers/pgsql-map.test.ts. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { AnswerCache } from "../../../src/maps/answer-cache.ts";
import { type BareResult, found, MISSING, tempfail } from "../../../src/maps/map-class.ts";
import { readSettings } from "../../../src/postgres/settings-file.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { declareMaps, lookupContext } from "../../support/map-environment.ts";

const QUERY = '-k "SELECT a FROM b WHERE c = %0"';

describe("K lines", () => {
  test.each([
    ["no file", QUERY, "No file name for pgsql map m"],
    ["a file that depends on where one stands", `${QUERY} database`, "file name database must be fully qualified"],
    ["no query", "/etc/mail/database", "no query given"],
    ["a key that would be part of the text", `-k "SELECT a WHERE c = '%0'" /x`, "%0 to %9 are values"],
    ["a time that is none", `${QUERY} -c soon /x`, "-c should be seconds"],
    ["another letter", `${QUERY} -y /x`, "Illegal option y map m"],
  ])("%s", (_name, args, said) => {
    expect(declareMaps([`Km pgsql ${args}`]).problems).toEqual([expect.stringContaining(said)]);
  });

  test("a settings file that is wrong says where, with each look-up a temporary failure, told once", async () => {
    const folder = mkdtempSync(join(tmpdir(), "pgsql-"));
    try {
      const file = join(folder, "database");
      writeFileSync(file, "host = here\nhosts = there\nuser = joe\n", { mode: 0o600 });
      const { map, problems } = declareMaps([`Km pgsql ${QUERY} ${file}`]);
      expect(problems).toEqual([]);
      const messages: string[] = [];
      const context = lookupContext({ message: (text) => void messages.push(text) });
      for (const key of ["a", "b"]) expect((await map("m").lookup(key, [], context)).kind).toBe("tempfail");
      expect(messages).toEqual([expect.stringContaining(`${file}:2: hosts is none of host, port, dbname`)]);
      expect(messages[0]).toContain("there is no dbname = ...");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("settings files", () => {
  test("names of libpq, with what counts without them", () => {
    expect(readSettings("# ours\n\ndbname = mail\nuser=rulemail\npassword = a # b = c \n")).toMatchObject({
      hosts: [{ host: "/var/run/postgresql", port: 5432 }],
      database: "mail",
      user: "rulemail",
      password: "a # b = c",
      tls: "disable",
      wantsPrimary: false,
      pool: 4,
      connectTimeout: 5000,
      queryTimeout: 10_000,
      prepares: true,
    });
  });

  test.each([
    ["another machine", "host = db.test", "verify-full"],
    ["another machine, as wanted", "host = db.test\nsslmode = require", "require"],
    ["this machine", "host = 127.0.0.1, localhost, ::1", "disable"],
    ["one of them is another", "host = localhost, db.test", "verify-full"],
  ])("whom one asks has to be shown: %s", (_name, lines, tls) => {
    expect(readSettings(`${lines}\ndbname = a\nuser = b`)).toMatchObject({ tls });
  });

  test.each([
    ["sslmode = prefer", 0, "sslmode should be one of disable, require, verify-ca, verify-full, not prefer"],
    ["port = many", 3, 'port should be a number, or one for each host, with commas, not "many"'],
    ["host = a, b\nport = 1, 2, 3", 0, "there are 2 hosts and 3 ports"],
    ["port = 70000", 0, "there is no such port"],
    ["sslcert = /a", 0, "sslcert and sslkey belong together"],
    ["sslcert = a\nsslkey = /b", 3, "sslcert should be a path from the root on"],
    ["pool = 0", 3, "pool should be a number from 1 to 100"],
    ["user = joe", 3, "user stands there twice"],
    ["password", 3, '"password" is not name = value'],
  ])("%j", (lines, line, text) => {
    const settings = readSettings(`dbname = a\nuser = b\n${lines}`);
    expect(settings).toMatchObject({
      problems: expect.arrayContaining([{ line, text: expect.stringContaining(text) }]),
    });
  });
});

/** @returns answers in turn, and counts questions */
function asking(...results: BareResult[]) {
  const asked = { count: 0, ask: () => Promise.resolve(results[asked.count++]) };
  return asked;
}

describe("answers", () => {
  test("are good for a while, also that nothing was found; failures are not", async () => {
    const clock = new ManualClock();
    const cache = new AnswerCache(clock, 10_000);
    const source = asking(found("one"), MISSING, tempfail("away"), found("two"));
    expect(await cache.ask("a", ["a"], source.ask)).toEqual(found("one"));
    expect(await cache.ask("a", ["a"], source.ask)).toEqual(found("one"));
    expect(await cache.ask("b", ["b"], source.ask)).toEqual(MISSING);
    expect(await cache.ask("b", ["b"], source.ask)).toEqual(MISSING);
    expect(source.count).toBe(2);
    clock.advance(10_000);
    expect((await cache.ask("a", ["a"], source.ask)).kind).toBe("tempfail");
    expect(await cache.ask("a", ["a"], source.ask)).toEqual(found("two"));
  });

  test("those who ask the same at once share a question", async () => {
    const cache = new AnswerCache(new ManualClock(), 0);
    const source = asking(found("one"), found("two"));
    const both = await Promise.all([cache.ask("a", ["a"], source.ask), cache.ask("a", ["a"], source.ask)]);
    expect(both).toEqual([found("one"), found("one")]);
    expect(await cache.ask("a", ["a"], source.ask)).toEqual(found("two"));
  });

  test("what was asked before a notice is not kept behind it", async () => {
    const cache = new AnswerCache(new ManualClock(), 10_000);
    const source = asking(found("old"), found("new"));
    const before = cache.ask("a", ["a"], source.ask);
    cache.forget("a");
    expect(await before).toEqual(found("old"));
    expect(await cache.ask("a", ["a"], source.ask)).toEqual(found("new"));
    cache.forget("b");
    await cache.ask("a", ["a"], source.ask);
    expect(source.count).toBe(2);
  });
});
