/** The map class srs: its K line, its file, both directions. The addresses themselves: test/unit/mail/srs.test.ts. */
import { chmodSync, mkdtempSync, realpathSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
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
  ["-s/", "/x", "srs map srs: -s should be =, - or +, not /"],
  ["-l x", "/x", "srs map srs: -l should be a number from 0 to 999999, not x"],
])("a K line with %p and the file %p is wrong: %s", async (flags, path, problem) => {
  const { map, problems } = open(flags, path);
  expect(problems).toEqual([problem]);
  expect(await ask(map, "joe@example.com")).toBe("-");
});
