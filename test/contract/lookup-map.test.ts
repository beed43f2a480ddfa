/** What every map class keeps to, whatever it asks: run by each class that can be had without the outside world. */
import { chmodSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { DatabaseBuilder } from "../../src/maps/build.ts";
import { databasePath } from "../../src/maps/database-file.ts";
import type { MapEnvironment } from "../../src/maps/environment.ts";
import type { LookupMap } from "../../src/rewriting/lookup-map.ts";
import { systemClock } from "../../src/sys/clock.ts";
import { SmallDirectory } from "../support/small-directory.ts";
import { ask, declareMaps, lookupContext, shortResult } from "../support/map-environment.ts";

/** The key "known" (or `key`) is found in every map here, "unknown" in none; `value` is what is found. */
interface Case {
  readonly mapClass: string;
  readonly key?: string;
  readonly value: string;
  /** The value is computed from the key as it was written: quotes count, and -m has no meaning. */
  readonly computes?: boolean;
  /** Operand of the K line. */
  readonly operand: (folder: string) => string | Promise<string>;
  readonly flags?: string;
  readonly environment?: Partial<MapEnvironment>;
  /** The class is asked for nothing that can fail, or takes -T and -t only from outside. */
  readonly failing?: (folder: string) => { operand: string; environment?: Partial<MapEnvironment> };
}

const user = { name: "known", uid: 1, gid: 1, gecos: "", home: "/", shell: "/bin/sh" };
const users = { find: (name: string) => (name === "known" ? user : undefined), findById: () => undefined };
const brokenUsers = {
  find: () => {
    throw new Error("down");
  },
  findById: () => undefined,
};
const resolver: MapEnvironment["resolver"] = {
  query: (name, type) =>
    /^known\b/i.test(name) && (type === "TXT" || type === "A")
      ? { kind: "found", canonicalName: name, secure: false, records: [{ name, type, ttl: 1, data: "text" }] }
      : { kind: "nxdomain" },
};
const brokenResolver: MapEnvironment["resolver"] = { query: () => ({ kind: "tempfail", reason: "timeout" }) };

/** On the day of the stamp in the value of srs. */
const clock = { ...systemClock, now: () => 1_796_092_640_000 };

function built(mapClass: string): Case {
  return {
    mapClass,
    value: "value",
    operand(folder) {
      const builder = new DatabaseBuilder("refuse");
      builder.add("known", "value");
      builder.write(databasePath(mapClass, join(folder, mapClass)));
      return join(folder, mapClass);
    },
    failing: (folder) => ({ operand: join(folder, "none") }),
  };
}

const cases: readonly Case[] = [
  ...["hash", "btree", "dbm", "cdb", "implicit"].map(built),
  {
    mapClass: "text",
    value: "value",
    flags: "-k0 -v1",
    operand(folder) {
      writeFileSync(join(folder, "text"), "known value\n");
      return join(folder, "text");
    },
    failing: (folder) => ({ operand: join(folder, "none") }),
  },
  {
    mapClass: "stab",
    value: "value",
    operand(folder) {
      writeFileSync(join(folder, "stab"), "known: value\n");
      return join(folder, "stab");
    },
    failing: (folder) => ({ operand: join(folder, "none") }),
  },
  {
    mapClass: "program",
    value: "value",
    operand(folder) {
      writeFileSync(join(folder, "p"), '#!/bin/sh\n[ "$1" = known ] || exit 67\necho value\n');
      chmodSync(join(folder, "p"), 0o755);
      return join(folder, "p");
    },
    failing: () => ({ operand: "/bin/sh -c exit${IFS}75" }),
  },
  {
    mapClass: "user",
    value: "known",
    operand: () => "",
    environment: { users },
    failing: () => ({ operand: "", environment: { users: brokenUsers } }),
  },
  {
    mapClass: "dns",
    value: "text",
    flags: "-RTXT",
    operand: () => "",
    environment: { resolver },
    failing: () => ({ operand: "", environment: { resolver: brokenResolver } }),
  },
  { mapClass: "regex", value: "", operand: () => "^known$" },
  {
    mapClass: "srs",
    key: "joe@example.com",
    value: "SRS0=JVx6=JU=example.com=joe@here.test",
    computes: true,
    flags: "-n here.test",
    operand(folder) {
      writeFileSync(join(folder, "secret"), "tops3cret\n", { mode: 0o600 });
      return join(folder, "secret");
    },
    environment: { clock },
    failing: (folder) => ({ operand: join(folder, "none") }),
  },
  {
    mapClass: "ldap",
    value: "value",
    flags: "-k (key=%0) -v mapValue -b dc=test",
    async operand() {
      directory = await SmallDirectory.start({ entries: { one: { key: ["known"], mapValue: ["value"] } } });
      return `-H ldap://127.0.0.1:${directory.port}`;
    },
    failing: (folder) => ({ operand: `-H ldapi://${encodeURIComponent(join(folder, "none"))}` }),
  },
];

let directory: SmallDirectory | undefined;
afterAll(() => directory?.stop());

describe.each(cases)(
  "$mapClass",
  ({ mapClass, key = "known", value, computes, operand, flags = "", environment = {}, failing }) => {
    let folder: string;
    let place: string;
    beforeAll(async () => {
      folder = realpathSync(mkdtempSync(join(tmpdir(), "contract-")));
      place = await operand(folder);
    });
    afterAll(() => rmSync(folder, { recursive: true }));

    /** dns names are complete only with a dot. */
    const dot = mapClass === "dns" ? "." : "";

    function open(more: string): LookupMap {
      return declareMaps([`Km ${mapClass} ${flags} ${more} ${place}`], environment).map("m");
    }

    test("knows its name and class", () => {
      expect(open("")).toMatchObject({ name: "m", mapClass });
    });

    test("finds what is there and nothing else", async () => {
      expect(await ask(open(""), `${key}${dot}`)).toBe(value);
      expect(await ask(open(""), `unknown${dot}`)).toBe("-");
    });

    test("takes quotes from the key, unless -q or /map say otherwise", async () => {
      if (computes === true) return;
      expect(await ask(open(""), `"known"${dot}`)).toBe(value);
      expect(await ask(open("-q"), `"known"${dot}`)).toBe("-");
      const verbatim = await open("").lookup(`"known"${dot}`, [], lookupContext({ verbatim: true }));
      expect(verbatim.kind).toBe("missing");
    });

    test("-a appends, -m gives the key", async () => {
      expect(await ask(open("-a.x"), `${key}${dot}`)).toBe(`${value}.x`);
      if (computes === true) return;
      expect(await ask(open("-m"), `${key}${dot}`)).toBe(`${key}${dot}`);
      expect(await ask(open("-m -a.x"), `unknown${dot}`)).toBe("-");
    });

    test("-D: not asked in deferred mode", async () => {
      const result = await open("-D").lookup(`${key}${dot}`, [], lookupContext({ deferred: true }));
      expect(result).toMatchObject({ kind: "tempfail", status: 75 });
    });

    test("-S is told to the engine", () => {
      expect(open("-S_").wordSeparator).toBe("_");
      expect(open("").wordSeparator).toBeUndefined();
    });

    test("works again after close()", async () => {
      const map = open("");
      await ask(map, `${key}${dot}`);
      map.close?.();
      expect(await ask(map, `${key}${dot}`)).toBe(value);
      map.close?.();
    });

    test("a source that cannot answer is a temporary failure, changed by -T and -t only", async () => {
      if (failing === undefined) return;
      const broken = failing(folder);
      const openBroken = (more: string): LookupMap =>
        declareMaps([`Km ${mapClass} ${flags} ${more} ${broken.operand}`], broken.environment ?? {}).map("m");
      expect(await ask(openBroken(""), key)).toBe("!");
      expect(await ask(openBroken("-T.TMP"), key)).toBe(`!${key}.TMP`);
      expect(await ask(openBroken("-t"), key)).toBe("-");
      expect(await ask(openBroken("-t -T.TMP"), key)).toBe(`${key}.TMP`);
      const inSequence = await openBroken("-t").lookup(key, [], lookupContext({ verbatim: true }));
      expect(shortResult(inSequence)).toBe("!");
    });
  },
);
