/** Accounts of the machine: ordinary ones, who may have mailboxes, and that of the server. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { ACCOUNT } from "../../daemon/server-user.ts";
import { parsePasswdLine } from "../../sys/passwd-line.ts";
import type { User } from "../../sys/users.ts";

/** Numbers that Linux distributions give to people. */
const FIRST = 1000;
const LAST = 59_999;

/** People of /etc/passwd, in its order. */
export function people(file = "/etc/passwd"): readonly User[] {
  try {
    return readFileSync(file, "latin1")
      .split("\n")
      .flatMap((line) => parsePasswdLine(line) ?? [])
      .filter(({ uid, shell }) => uid >= FIRST && uid <= LAST && !/\/(?:nologin|false)$/.test(shell));
  } catch {
    return [];
  }
}

/** Who works as root here; else the only person that there is. */
export function readerOf(all: readonly User[], environment: NodeJS.ProcessEnv = process.env): string | undefined {
  const caller = environment.SUDO_USER ?? environment.DOAS_USER;
  return (all.find(({ name }) => name === caller) ?? (all.length === 1 ? all[0] : undefined))?.name;
}

/** Makes the account of the server where there is none. @returns what to say about it */
export function ensureAccount(): string | undefined {
  if (process.getuid?.() !== 0 || exists(ACCOUNT)) return undefined;
  const words = ["--system", "--no-create-home", "--shell", "/usr/sbin/nologin", ACCOUNT];
  try {
    execFileSync("useradd", words, { stdio: ["ignore", "ignore", "pipe"], encoding: "utf8" });
    return `made       the account ${ACCOUNT}, as which the server runs`;
  } catch (error) {
    const why = (error as { stderr?: string }).stderr?.trim() ?? (error as Error).message;
    return `not made   the account ${ACCOUNT} (${why}): useradd ${words.join(" ")}`;
  }
}

function exists(name: string): boolean {
  try {
    execFileSync("getent", ["passwd", name], { stdio: "ignore" });
    return true;
  } catch {
    return new RegExp(`^${name}:`, "m").test(readFileSync("/etc/passwd", "latin1"));
  }
}
