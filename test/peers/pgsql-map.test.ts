/** The class pgsql with a real PostgreSQL: what queries find, and what becomes of look-ups when the server goes away. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import type { LookupMap } from "../../src/rewriting/lookup-map.ts";
import { systemClock } from "../../src/sys/clock.ts";
import { eventually } from "../support/mail-server.ts";
import { ask, declareMaps, lookupContext } from "../support/map-environment.ts";
import { peerDescribe } from "../support/peers.ts";
import { PostgresServer } from "../support/postgres-server.ts";

function octets(text: string): string {
  return Buffer.from(text).toString("latin1");
}

peerDescribe("pgsql with PostgreSQL", ["postgres"], () => {
  const server = new PostgresServer();
  const maps: LookupMap[] = [];
  let files = 0;
  /** Of the settings: our own, as files with passwords have to be. */
  const folder = mkdtempSync(join(tmpdir(), "pgsql-map-"));

  beforeAll(async () => {
    await server.prepare();
    await server.start();
    await server.run(
      "CREATE TABLE virtual (address text, domain text, target text, number integer)",
      `INSERT INTO virtual VALUES ('joe', 'a.test', 'joe@inner.test', 1), ('two', 'a.test', 'x@b.test', 2),
        ('two', 'a.test', 'y@b.test', 3), ('null', 'a.test', NULL, 4), ('jürg', 'a.test', 'grün', 5), ('pct', 'a.test', '%0-%1', 6)`,
    );
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await server.remove();
  });
  afterEach(() => {
    for (const map of maps.splice(0)) map.close?.();
  });

  /** @param more lines for the settings file */
  function open(flags: string, more = ""): LookupMap {
    const file = join(folder, `settings-${files++}`);
    writeFileSync(file, `${server.settings}\n${more}\n`);
    chmodSync(file, 0o600);
    const { map, problems } = declareMaps([`Km pgsql ${flags} ${file}`], { clock: systemClock });
    expect(problems).toEqual([]);
    maps.push(map("m"));
    return map("m");
  }

  const TARGET = '-k "SELECT target, number FROM virtual WHERE address = %0 ORDER BY number"';

  test.each([
    ["a row", TARGET, ["joe"], "joe@inner.test"],
    ["no row", TARGET, ["nobody"], "-"],
    ["NULL", TARGET, ["null"], "-"],
    ["the first of several", TARGET, ["two"], "x@b.test"],
    ["all of them", `-z, ${TARGET}`, ["two"], "x@b.test,y@b.test"],
    ["only one will do", `-1 ${TARGET}`, ["two"], "-"],
    ["another column", `-v number ${TARGET}`, ["joe"], "1"],
    ["a column that there is not", `-v nothing ${TARGET}`, ["joe"], "!"],
    [
      "an argument",
      '-k "SELECT target FROM virtual WHERE address = %0 AND domain = %1"',
      ["joe", "a.test"],
      "joe@inner.test",
    ],
    ["an argument that is missing", '-k "SELECT target FROM virtual WHERE address = %0 AND domain = %1"', ["joe"], "-"],
    ["a word that stands there twice", "-k \"SELECT %0 || %0 WHERE %0 <> ''\"", ["x"], "xx"],
    [
      "a percent sign",
      "-k \"SELECT target FROM virtual WHERE address LIKE %0 || '%%' AND number = 1\"",
      ["j"],
      "joe@inner.test",
    ],
    ["a template", TARGET, ["pct", "arg"], "pct-arg"],
    ["letters beyond ASCII", TARGET, [octets("jürg")], octets("grün")],
    ["octets that are no text", TARGET, ["j\xff"], "-"],
    ["what SQL could take for its own", TARGET, ["x' OR '1'='1"], "-"],
    ["a NUL", TARGET, ["joe\0"], "-"],
    ["a key that is no number", '-k "SELECT target FROM virtual WHERE number = %0"', ["joe"], "-"],
    ["a key that is one", '-k "SELECT target FROM virtual WHERE number = %0"', ["1"], "joe@inner.test"],
    ["a query that is wrong", '-k "SELEC %0"', ["joe"], "!"],
    ["no such table", '-k "SELECT a FROM nowhere WHERE a = %0"', ["joe"], "!"],
  ])("%s", async (_name, flags, [key, ...args], found) => {
    expect(await ask(open(flags), key, ...args)).toBe(found);
    expect(await ask(open(flags, "prepared = no"), key, ...args)).toBe(found);
  });

  test("a password that is wrong is a temporary failure, which is told", async () => {
    const messages: string[] = [];
    const file = server.settings.replace(/password = .*/, "password = guess");
    const map = open(TARGET);
    writeFileSync(join(folder, `settings-${files - 1}`), `${file}\n`);
    const result = await map.lookup("joe", [], lookupContext({ message: (text) => void messages.push(text) }));
    expect(result.kind).toBe("tempfail");
    expect(messages).toEqual([expect.stringContaining("password authentication failed")]);
  });

  test("a notice makes old answers forgotten: of one key, or all", async () => {
    const map = open(`-c 3600 -n virtual ${TARGET}`);
    expect(await ask(map, "joe")).toBe("joe@inner.test");
    // Until the channel is heard, nothing is kept; then the old answer is.
    await server.run("UPDATE virtual SET target = 'new@inner.test' WHERE address = 'joe'");
    await eventually("the new answer", async () => {
      await server.run("NOTIFY virtual, 'joe'");
      return (await ask(map, "joe")) === "new@inner.test";
    });
    await server.run("UPDATE virtual SET target = 'joe@inner.test' WHERE address = 'joe'");
    await eventually("the old answer", async () => {
      await server.run("NOTIFY virtual");
      return (await ask(map, "joe")) === "joe@inner.test";
    });
  });

  test("100 questions at once need no more than the pool", async () => {
    const map = open(`-c 0 ${TARGET}`, "pool = 2");
    const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => ask(map, i % 2 === 0 ? "joe" : `n${i}`)));
    expect(answers.filter((answer) => answer === "joe@inner.test")).toHaveLength(50);
    const ours =
      "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'rulemail' AND query LIKE 'SELECT target%'";
    expect(await server.run(ours)).toMatchObject({ rows: [["2"]] });
  });

  test("a server that goes away is a temporary failure; when it is back, so are its answers; the next host of the list will do", async () => {
    const map = open(`-c 0 ${TARGET}`);
    expect(await ask(map, "joe")).toBe("joe@inner.test");
    await server.stop("SIGQUIT");
    expect(await ask(map, "joe")).toBe("!");
    await server.start();
    await eventually("an answer", async () => (await ask(map, "joe")) === "joe@inner.test");
    const twoHosts = open(`-c 0 ${TARGET}`, "");
    const file = join(folder, `settings-${files - 1}`);
    const settings = server.settings.replace("127.0.0.1", "127.0.0.2, 127.0.0.1");
    writeFileSync(file, `${settings}\ntarget_session_attrs = read-write\n`);
    expect(await ask(twoHosts, "joe")).toBe("joe@inner.test");
  });
});
