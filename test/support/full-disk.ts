/**
 * Delivers into a file system that is full, and prints what became of the mailbox: node test/support/full-disk.ts FOLDER KIND.
 * FOLDER is a file system of less than a megabyte.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { mailboxTasks } from "../../src/mailbox/tasks.ts";
import type { TaskResult } from "../../src/rights/task.ts";
import { octets, tools } from "./mailbox-tools.ts";

const [, , folder, kind] = process.argv;
const path = join(folder, "box");
const argument = { path, owner: -1, isHome: false, isQuotaFinal: false, allowSymLink: false, allowHardLink: false };

function deliver(size: number): TaskResult {
  const task = new Map(mailboxTasks).get(kind);
  if (task === undefined) throw new Error(`no task ${kind}`);
  const message = octets(`Subject: x\n\n${"a line of text\n".repeat(Math.ceil(size / 15))}`);
  try {
    const result = task(argument, message, tools());
    if (result.kind === "busy") throw new Error(result.text);
    return result;
  } catch (error) {
    return { kind: "never", status: "", text: String(error) };
  }
}

/** Name and content of each file there. */
function stored(): readonly string[] {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).toSorted();
  return names.map((name) => {
    const file = join(folder, name);
    return statSync(file).isFile() ? `${name} ${readFileSync(file, "latin1")}` : name;
  });
}

const first = deliver(100);
const before = stored();
const second = deliver(2_000_000);
const after = stored();
const third = deliver(100);
const told = [first, second, third].map(({ kind: verdict, status }) => `${verdict} ${status}`);
const isAsBefore = JSON.stringify(before) === JSON.stringify(after);
process.stdout.write(
  JSON.stringify({ told, isAsBefore, text: second.text, count: stored().join("").split("Subject: x").length - 1 }),
);
