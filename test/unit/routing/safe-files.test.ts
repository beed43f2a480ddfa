/**
 * Files that decide about mail: which owners, modes, folders and links are trusted for which use, beside what sendmail 8.17
 * does with the same files (test/golden/safe-files.txt). Needs root, because files must belong to others.
 */
import {
  chmodSync,
  chownSync,
  closeSync,
  lchownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { openInclude } from "../../../src/routing/include.ts";
import { filesOf } from "../../../src/routing/user-files.ts";
import { explainUnopened, openSafely } from "../../../src/sys/safe-file.ts";
import { PoolClient } from "../../../src/rights/pool-client.ts";
import { RootHelper } from "../../../src/rights/root-helper.ts";
import { NO_TERMS } from "../../../src/rights/terms.ts";
import { WORKER_FLAGS } from "../../../src/rights/worker-command.ts";

interface Row {
  readonly use: "alias" | "aliasdb" | "class" | "map" | "forward" | "include";
  readonly owner: string;
  readonly mode: number;
  readonly folder: number;
  readonly link: string;
  readonly name: string;
  readonly answer: string;
  readonly text: string;
}

const ROWS: readonly Row[] = readFileSync(join(import.meta.dirname, "../../golden/safe-files.txt"), "utf8")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"))
  .map((text) => {
    const [use, owner, mode, folder, link, name, ...answer] = text.split(" ");
    return {
      use: use as Row["use"],
      owner,
      mode: Number.parseInt(mode, 8),
      folder: Number.parseInt(folder, 8),
      link,
      name,
      answer: answer.join(" "),
      text,
    };
  });

/** Users that need no account. */
const JOE = { user: "joe", uid: 52001, gid: 52001 };
const OTHER = { user: "other", uid: 52002, gid: 52002 };
/** Who reads lists that an alias names. */
const DEFAULT_USER = { user: "daemon", uid: 1, gid: 1 };

const isRoot = process.getuid?.() === 0;
const asRoot = isRoot ? describe : describe.skip;

let home: string;
let pool: PoolClient;
beforeAll(() => {
  home = realpathSync(mkdtempSync(join(tmpdir(), "safe-files-")));
  chmodSync(home, 0o755);
  if (!isRoot) return;
  const passwd = join(home, "passwd");
  writeFileSync(passwd, `joe:x:${JOE.uid}:${JOE.gid}::${home}/place:/bin/sh\n`);
  const terms = {
    ...NO_TERMS,
    users: { kind: "file", path: passwd } as const,
    identities: [DEFAULT_USER],
    dontBlame: ROWS.flatMap(({ name }) => name.split(",")),
  };
  const entry = join(import.meta.dirname, "../../../src/worker.ts");
  const command = [process.execPath, ...WORKER_FLAGS, entry];
  pool = new PoolClient(new RootHelper({ command, terms, termsCommand: [], folder: "/" }));
});
afterAll(async () => {
  if (isRoot) await pool.close();
  rmSync(home, { recursive: true, force: true });
});

/** Makes the file of a row; its path. */
function make({ use, owner, mode, folder, link }: Row): string {
  const place = join(home, "place");
  const elsewhere = join(home, "elsewhere");
  for (const each of [place, elsewhere]) {
    rmSync(each, { recursive: true, force: true });
    mkdirSync(each);
    chmodSync(each, 0o755);
  }
  const ofUser = use === "forward" || use === "include";
  const own = ofUser ? JOE.uid : 0;
  const uid = owner === "own" ? own : ofUser ? OTHER.uid : JOE.uid;
  const path = join(place, "file");
  const real = link.startsWith("sym") ? join(elsewhere, "file") : link === "hard" ? join(place, "original") : path;
  writeFileSync(real, "x\n");
  chownSync(real, uid, uid);
  chmodSync(real, mode);
  if (link.startsWith("sym")) symlinkSync(real, path);
  if (link === "sym") lchownSync(path, uid, uid);
  if (link === "hard") linkSync(real, path);
  chmodSync(place, folder);
  return path;
}

async function ask(row: Row): Promise<string> {
  const path = make(row);
  const dontBlame = new Set(row.name === "-" ? [] : row.name.split(","));
  if (row.use === "forward" || row.use === "include") {
    const forward = row.use === "forward";
    const question = { path, use: row.use, dontBlame, limit: 1000, ...(forward ? { owner: JOE.uid } : {}) };
    const answer = await filesOf(pool).read(forward ? JOE : DEFAULT_USER, question);
    return answer.kind === "read" ? "taken" : answer.kind === "missing" ? "missing" : answer.reason;
  }
  const opened = openSafely(path, row.use === "aliasdb" ? "map" : row.use, { dontBlame });
  if (opened.kind !== "open") return explainUnopened(opened);
  closeSync(opened.fd);
  return "taken";
}

/** Where the answer is another one on purpose: docs/compatibility.md has the reasons. */
function differs({ use, owner, mode, folder, link }: Row): boolean {
  // A folder with the sticky bit, and in it a file that nobody but root or its reader can replace.
  const sticky = (folder & 0o1000) !== 0 && link !== "hard";
  const byRoot = link === "symroot" || (owner === "own" && use !== "include");
  if (sticky && byRoot) return true;
  // Root reads what root can read: the owner decides what is in the file, whoever else may read it.
  return owner === "other" && mode === 0o600 && !["forward", "include"].includes(use);
}

asRoot("files that decide about mail (as root)", () => {
  test.each(["alias", "aliasdb", "class", "map", "forward", "include"])("%s", async (use) => {
    const wrong: string[] = [];
    const rows = ROWS.filter((row) => row.use === use);
    expect(rows.length).toBeGreaterThan(40);
    for (const row of rows) {
      const answer = await ask(row);
      const same = (answer === "taken") === (row.answer === "taken");
      // sendmail does not say why a .forward or a map is not taken.
      // Of a link in a folder that others may write, either is to blame.
      const twoReasons = row.link !== "plain" && (row.folder & 0o022) !== 0;
      const reason = ["refused", "taken"].includes(row.answer) || twoReasons || answer.startsWith(row.answer);
      if (!(same && reason) && !differs(row)) wrong.push(`${row.text}, here: ${answer}`);
    }
    expect(wrong).toEqual([]);
  });
});

asRoot("lists in parts (as root)", () => {
  test("a list of many parts comes whole through the process that reads it", async () => {
    const path = join(home, "list");
    const lines = Array.from({ length: 20_000 }, (_, at) => `member${at}@far.test`);
    writeFileSync(path, lines.join("\r\n"), { mode: 0o644 });
    chownSync(path, JOE.uid, JOE.uid);
    const answer = await openInclude(filesOf(pool), path, DEFAULT_USER, new Set());
    if (answer.kind !== "members") throw new Error(answer.reason);
    expect(answer).toMatchObject({ owner: JOE.uid, mayNamePrograms: true });
    const found: string[] = [];
    for (;;) {
      const next = await answer.members.next();
      if (next.kind !== "member") {
        expect(next).toEqual({ kind: "end" });
        break;
      }
      expect(next.member.line).toBe(found.length + 1);
      found.push(next.member.target.kind === "address" ? next.member.target.text : "");
    }
    expect(found).toEqual(lines);
  });
});

test("the table is there for those who are not root", () => {
  expect(ROWS.length).toBeGreaterThan(400);
});
