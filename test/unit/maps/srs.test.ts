/** The map class srs: its K line, its file, both directions. The addresses themselves: test/unit/mail/srs.test.ts. */
import { chmodSync, mkdtempSync, realpathSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { LastGood } from "../../../src/sys/last-good.ts";
import { MacroScope } from "../../../src/rewriting/macro-scope.ts";
import type { MapEnvironment } from "../../../src/maps/environment.ts";
import { ask, declareMaps } from "../../support/map-environment.ts";

const NOW = 1_796_092_640_000;
const REWRITTEN = "SRS0=JVx6=JU=example.com=joe@here.test";
let now: number;
let folder: string;
let file: string;
const logged: string[] = [];

beforeEach(() => {
  now = NOW;
  logged.length = 0;
  folder = realpathSync(mkdtempSync(join(tmpdir(), "srs-")));
  file = join(folder, "secret");
  write("tops3cret\n");
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Written long ago: nobody is writing it. */
function write(text: string): void {
  writeFileSync(file, text, { mode: 0o600 });
  utimesSync(file, (now - 60_000) / 1000, (now - 60_000) / 1000);
}

function open(flags: string, path = file, parts: Partial<MapEnvironment> = {}) {
  const clock = { now: () => now, after: () => () => undefined };
  const environment = { clock, log: (_: string, text: string) => void logged.push(text), ...parts };
  const { map, problems } = declareMaps([`Ksrs srs ${flags} ${path}`], environment);
  return { map: map("srs"), problems };
}

describe("look-ups", () => {
  test("forward: the domain of the argument, else that of -n", async () => {
    const { map, problems } = open("-n here.test");
    expect(problems).toEqual([]);
    expect(await ask(map, "joe@example.com")).toBe(REWRITTEN);
    expect(await ask(map, "joe@example.com", "forward")).toBe(REWRITTEN);
    expect(await ask(map, "joe@example.com", "Forward", "x.test")).toBe("SRS0=JVx6=JU=example.com=joe@x.test");
    expect(await ask(open("").map, "joe@example.com", "forward")).toBe("-");
  });

  test("reverse: the address, an error as tables have it, or nothing", async () => {
    const { map } = open("-e 10");
    expect(await ask(map, REWRITTEN, "reverse")).toBe("joe@example.com");
    expect(await ask(map, "joe@here.test", "reverse")).toBe("-");
    expect(await ask(map, REWRITTEN.replace("JVx6", "aaaa"), "reverse")).toMatch(/^error:5\.7\.1:"550 .* hash /);
    expect(await ask(map, "SRS0=x@here.test", "reverse")).toMatch(/^error:5\.1\.1:"550 .* damaged/);
    now += 11 * 86_400_000;
    expect(await ask(map, REWRITTEN, "reverse")).toBe(
      'error:5.1.1:"550 SRS address has expired: it was made 11 days ago"',
    );
  });

  test("what comes back has a hash as long as new ones, or as long as -H says", async () => {
    const longer = "SRS0=JVx6WwHa=JU=example.com=joe@here.test";
    expect(await ask(open("-h 8").map, longer, "reverse")).toBe("joe@example.com");
    expect(await ask(open("-h 8").map, REWRITTEN, "reverse")).toMatch(/^error:5\.7\.1:"550 .* hash /);
    expect(await ask(open("-h 8 -H 4").map, REWRITTEN, "reverse")).toBe("joe@example.com");
    expect(await ask(open("").map, longer, "reverse")).toBe("joe@example.com");
  });

  test("any other direction finds nothing", async () => {
    expect(await ask(open("-n here.test").map, "joe@example.com", "back")).toBe("-");
  });

  test("-h, -s and -l", async () => {
    expect(await ask(open("-n here.test -h 8 -s+").map, "joe@example.com")).toBe(
      "SRS0+JVx6WwHa=JU=example.com=joe@here.test",
    );
    expect(await ask(open("-n here.test -l 28").map, "joe@example.com")).toBe(REWRITTEN);
    expect(logged).toEqual([]);
    expect(await ask(open("-n here.test -l 27").map, "joe@example.com")).toBe("-");
    expect(logged[0]).toContain("sender joe@example.com stays as it is");
  });
});

describe("the file", () => {
  test("its first line signs, every line is taken, and it is read again when it changes", async () => {
    const { map } = open("-n here.test");
    const old = await ask(map, "joe@example.com");
    now += 60_000;
    write("newer\n\n  tops3cret \r\n");
    expect(await ask(map, old, "reverse")).toBe("joe@example.com");
    const fresh = await ask(map, "joe@example.com");
    expect(fresh).not.toBe(old);
    now += 120_000;
    write("newer\n");
    expect(await ask(map, fresh, "reverse")).toBe("joe@example.com");
    expect(await ask(map, old, "reverse")).toMatch(/^error:5\.7\.1:"550/);
  });

  test.each([
    ["that is empty", () => write("\n \n")],
    ["that others may read", () => chmodSync(file, 0o644)],
    ["that is not there", () => rmSync(file)],
  ])("one %s is a temporary failure, but not for what needs no secret", async (_, spoil) => {
    spoil();
    const { map } = open("-n here.test");
    expect(await ask(map, "joe@example.com")).toBe("!");
    expect(await ask(map, REWRITTEN, "reverse")).toBe("!");
    expect(await ask(map, "joe@here.test", "reverse")).toBe("-");
  });

  test.each([
    ["that is empty", () => write("\n \n"), "has no secret"],
    ["that others may read", () => chmodSync(file, 0o644), "World readable file"],
    ["that is not there", () => rmSync(file), "No such file"],
  ])("one %s stays what it was for a server that has read it, which is told of", async (_, spoil, why) => {
    const lastGood = new LastGood();
    expect(await ask(open("-n here.test", file, { lastGood }).map, "joe@example.com")).toBe(REWRITTEN);
    spoil();
    // Read again, as at a reload.
    const { map } = open("-n here.test", file, { lastGood });
    const said: string[] = [];
    map.prepare?.({
      scope: new MacroScope(),
      expand: (text) => text,
      message: (text) => void said.push(text),
      deferred: false,
    });
    expect(await ask(map, "joe@example.com")).toBe(REWRITTEN);
    expect(await ask(map, REWRITTEN, "reverse")).toBe("joe@example.com");
    expect(said).toEqual([expect.stringContaining(why)]);
    expect(said[0]).toMatch(/: what was there before stays in use$/);
    // Once, however much mail asks.
    expect(logged).toEqual(said);
    now += 120_000;
    rmSync(file, { force: true });
    write("newer\n");
    expect(await ask(map, REWRITTEN, "reverse")).toMatch(/^error:5\.7\.1:"550/);
  });

  test("is named to whoever reads keys before root is given up", () => {
    expect(open("").map.keyFile).toBe(file);
  });
});

test.each([
  ["", "", "No file name for srs map srs"],
  ["", "secret", "srs map srs: file name secret must be fully qualified"],
  ["-e 0", "/x", "srs map srs: -e should be a number from 1 to 511, not 0"],
  ["-e soon", "/x", "srs map srs: -e should be a number from 1 to 511, not soon"],
  ["-h 3", "/x", "srs map srs: -h should be a number from 4 to 27, not 3"],
  ["-H 8", "/x", "srs map srs: -H should be a number from 4 to 4, not 8"],
  ["-s/", "/x", "srs map srs: -s should be =, - or +, not /"],
  ["-l x", "/x", "srs map srs: -l should be a number from 0 to 999999, not x"],
])("a K line with %p and the file %p is wrong: %s", async (flags, path, problem) => {
  const { map, problems } = open(flags, path);
  expect(problems).toEqual([problem]);
  expect(await ask(map, "joe@example.com")).toBe("-");
});
