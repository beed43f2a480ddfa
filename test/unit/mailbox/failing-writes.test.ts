/**
 * Deliveries in which one file operation fails, each in its turn: the disk is full, the user is over quota, the file may not grow.
 * The sender hears that later is better (4.3.1, 4.2.2), nothing of the message is left, and the next delivery stores it once.
 */
import fs, {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { mailboxTasks } from "../../../src/mailbox/tasks.ts";
import { octets, tools } from "../../support/mailbox-tools.ts";

/** What takes space, or makes it durable. */
const FAILING = ["openSync", "writeSync", "writevSync", "fsyncSync", "linkSync", "mkdirSync", "renameSync"] as const;

const REAL = Object.fromEntries(FAILING.map((name) => [name, fs[name]]));

/** Folders are synced by who called (batches.test.ts): nothing fails there. */
const TOOLS = { ...tools(), syncFolder: () => undefined };

/** Operations until one fails; none when negative. */
let left = -1;
let code = "";
/** A write that fails has taken a part before. */
let isShort = false;

function failing(name: (typeof FAILING)[number]): (...words: unknown[]) => unknown {
  const operation = fs[name] as (...words: unknown[]) => unknown;
  return (...words) => {
    if (left >= 0 && left-- === 0) {
      if (name === "writevSync" && isShort) {
        // The rest does not fit any more either.
        left = 0;
        isShort = false;
        const [chunk] = words[1] as Buffer[];
        return operation(words[0], [chunk.subarray(0, Math.ceil(chunk.length / 2))]);
      }
      throw Object.assign(new Error(`${code}: ${name}`), { code });
    }
    return operation(...words);
  };
}

/** Imports of "node:fs" see what its object has when they are told to look. */
function useForAll(operations: object): void {
  Object.assign(fs, operations);
  syncBuiltinESMExports();
}

beforeAll(() => useForAll(Object.fromEntries(FAILING.map((name) => [name, failing(name)]))));
afterAll(() => useForAll(REAL));

const KINDS = ["mbox", "mmdf", "maildir", "mh", "file"] as const;
const STATUSES = { ENOSPC: "4.3.1", EDQUOT: "4.2.2", EFBIG: "4.2.2" } as const;
/** No delivery needs more operations. */
const MOST = 40;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "failing-"));
});
afterEach(() => {
  left = -1;
  rmSync(folder, { recursive: true });
});

const box = (): string => join(folder, "box");

function deliver(
  kind: (typeof KINDS)[number],
  subject: string,
  isQuotaFinal = false,
): { kind: string; status: string } {
  const task = new Map(mailboxTasks).get(kind)!;
  const argument = { path: box(), owner: -1, isHome: false, isQuotaFinal, allowSymLink: false, allowHardLink: false };
  const result = task(argument, octets(`From me\nSubject: ${subject}\n\n${"text\n".repeat(200)}\n`), TOOLS);
  return result.kind === "busy" ? { kind: "busy", status: "" } : { kind: result.kind, status: result.status };
}

/** Every file, with what is in it. */
function stored(): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => statSync(join(folder, name)).isFile())
    .map((name) => `${name}: ${readFileSync(join(folder, name), "latin1")}`)
    .toSorted();
}

const count = (subject: string): number => stored().join("").split(`Subject: ${subject}\n`).length - 1;

const table = KINDS.flatMap((kind) =>
  Object.keys(STATUSES).flatMap((each) =>
    [false, true].map((short) => [kind, each as keyof typeof STATUSES, short] as const),
  ),
);

test.each(table)(
  "%s: %s at every operation (short writes: %s) is for now, and leaves nothing",
  (kind, error, short) => {
    let failures = 0;
    for (const isThere of [true, false]) {
      for (let at = 0; at < MOST; at++) {
        rmSync(folder, { recursive: true });
        mkdirSync(folder);
        if (isThere) expect(deliver(kind, "first").kind).toBe("done");
        else if (kind === "file") writeFileSync(box(), "");
        const before = stored();
        [left, code, isShort] = [at, error, short];
        const { kind: verdict, status } = deliver(kind, "second");
        const isOver = left >= 0;
        left = -1;
        if (verdict === "done") {
          // What could not be done another way was done: locks and links that a file system does not have.
          expect(count("second")).toBe(1);
        } else {
          failures++;
          expect([at, verdict, status]).toEqual([at, "later", STATUSES[error]]);
          expect(count("second")).toBe(0);
          expect(stored().filter((each) => !each.endsWith(": "))).toEqual(
            before.filter((each) => !each.endsWith(": ")),
          );
        }
        expect(existsSync(`${box()}.lock`)).toBe(false);
        const isStored = verdict === "done";
        if (!isStored) expect(deliver(kind, "second")).toEqual({ kind: "done", status: "2.0.0" });
        expect([count("first"), count("second")]).toEqual([isThere ? 1 : 0, 1]);
        if (isOver) break;
      }
    }
    expect(failures).toBeGreaterThan(3);
  },
);

test.each(KINDS)(
  "%s: a user over quota is told of at once where the mailer says so (-b), a full disk never",
  (kind) => {
    if (kind === "file") return;
    expect(deliver(kind, "first").kind).toBe("done");
    [left, code, isShort] = [1, "EDQUOT", false];
    expect(deliver(kind, "second", true)).toEqual({ kind: "never", status: "5.2.2" });
    [left, code] = [1, "ENOSPC"];
    expect(deliver(kind, "second", true)).toEqual({ kind: "later", status: "4.3.1" });
    expect(count("second")).toBe(0);
  },
);
