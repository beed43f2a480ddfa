/** How the two programs and their macro compilers are called. Everything runs inside the namespace that `sites` made. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, join } from "node:path";

export const home = join(dirname(new URL(import.meta.url).pathname), "../../..");
const genuine = process.env.GENUINE ?? join(home, "test/peers/genuine");
export const genuineRoot = process.env.GENUINE_ROOT ?? join(homedir(), ".cache/genuine-sendmail");
/** Where `sites` has put it. */
export const genuineLibrary = "/usr/share/sendmail/cf";

export const programs = {
  genuine: [genuine, "sendmail"],
  ours: [join(home, "test/oracle/subject"), "sendmail"],
} as const;

export const compilers: Readonly<Record<"genuine" | "ours", (file: string) => Compiled>> = {
  genuine: compileGenuine,
  ours: compileOurs,
};

export interface Compiled {
  readonly text: string;
  readonly messages: string;
  readonly status: number | null;
}

function run(command: readonly string[]): Compiled {
  const [program, ...args] = command;
  const { stdout, stderr, status } = spawnSync(program, args, { maxBuffer: 1 << 28, timeout: 120_000 });
  return { text: stdout?.toString("latin1") ?? "", messages: stderr?.toString("latin1") ?? "", status };
}

const FRAME = /^include\([`"']?[^)`'"]*m4\/cf\.m4[`"']?\)/m;

/** A file that reads their frame itself is given to m4 alone (what stands above that line has m4's own comments). */
function compileGenuine(file: string): Compiled {
  const text = readFileSync(file, "latin1");
  const copy = join("/mnt", `genuine-${basename(file)}`);
  const frame = join(genuineLibrary, "m4/cf.m4");
  writeFileSync(copy, text.replace(FRAME, `include(\`${frame}')`), "latin1");
  const first = FRAME.test(text) ? [] : [frame];
  return run([genuine, "m4", `-D_CF_DIR_=${genuineLibrary}/`, ...first, copy]);
}

function compileOurs(file: string): Compiled {
  const command = [join(home, "test/oracle/subject"), "rulemail", "mc"];
  const kept = run([...command, "-k", "-I", foreignParts(), file]);
  return kept.text !== "" ? kept : run([...command, "-I", foreignParts(), file]);
}

/** Parts of sites that their package brings as samples and our library has no use for. */
function foreignParts(): string {
  const folder = "/mnt/parts";
  if (existsSync(folder)) return folder;
  for (const kind of ["domain", "hack", "siteconfig"]) {
    mkdirSync(join(folder, kind), { recursive: true });
    const theirs = join(genuineLibrary, kind);
    for (const name of existsSync(theirs) ? readdirSync(theirs) : []) {
      if (!existsSync(join(home, "macros", kind, name))) symlinkSync(join(theirs, name), join(folder, kind, name));
    }
  }
  return folder;
}
