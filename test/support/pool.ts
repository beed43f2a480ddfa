/** A pool with the tasks of pool-entry.ts, its users from a passwd file of its own. */
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PoolClient, type PoolClientOptions } from "../../src/rights/pool-client.ts";
import { OwnPool } from "../../src/rights/pool-source.ts";
import { RootHelper } from "../../src/rights/root-helper.ts";
import type { TaskUser } from "../../src/rights/task.ts";
import { NO_TERMS, type Terms } from "../../src/rights/terms.ts";
import { WORKER_FLAGS } from "../../src/rights/worker-command.ts";

export const isRoot = process.getuid?.() === 0;
const entry = join(import.meta.dirname, "pool-entry.ts");
export const command: readonly string[] = [process.execPath, ...WORKER_FLAGS, entry];

const FIRST = 31_000;

export function userOf(number: number): TaskUser {
  return { user: `u${number}`, uid: FIRST + number, gid: FIRST + number };
}

export interface TestPool {
  readonly folder: string;
  readonly terms: Terms;
  readonly helper: RootHelper;
  readonly pool: PoolClient;
  readonly home: (number: number) => string;
  readonly close: () => Promise<void>;
}

/** As root. Homes are made for the first users; the folder is open to all. */
export function openTestPool(homes = 0, more: Partial<Terms> = {}, options: PoolClientOptions = {}): TestPool {
  const folder = mkdtempSync(join(tmpdir(), "pool-"));
  chmodSync(folder, 0o755);
  const home = (number: number): string => join(folder, `u${number}`);
  const lines = Array.from({ length: 2000 }, (_, number) => {
    const { user, uid, gid } = userOf(number);
    return `${user}:x:${uid}:${gid}::${home(number)}:/bin/sh`;
  });
  writeFileSync(join(folder, "passwd"), `${lines.join("\n")}\nroot:x:0:0::/root:/bin/sh\n`);
  for (let number = 0; number < homes; number++) {
    mkdirSync(home(number), { mode: 0o700 });
    chownSync(home(number), userOf(number).uid, userOf(number).gid);
  }
  const terms: Terms = { ...NO_TERMS, users: { kind: "file", path: join(folder, "passwd") }, ...more };
  const helper = new RootHelper({ command, terms, termsCommand: ["/bin/cat", join(folder, "terms")], folder: "/" });
  const pool = new PoolClient(helper, options);
  const close = async (): Promise<void> => {
    await pool.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return { folder, terms, helper, pool, home, close };
}

/** As whoever runs the test. */
export function openOwnPool(options: PoolClientOptions = {}): PoolClient {
  return new PoolClient(new OwnPool(command), options);
}

/** A state that comes sooner or later. */
export async function eventually(isSo: () => boolean, what: string, ms = 30_000): Promise<void> {
  const end = Date.now() + ms;
  while (!isSo()) {
    if (Date.now() > end) throw new Error(`never came true: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
