/** Builtins that reach outside: programs and temporary files. Programs run only when the caller allowed it. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, closeSync, openSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { Row } from "./builtin-row.ts";
import type { Call } from "./expand.ts";

const TIMEOUT_MS = 60_000;
const MAX_OUTPUT = 16 * 1024 * 1024;

export const systemBuiltins: readonly Row[] = [
  ["syscmd", syscmd, 1, 1, true],
  ["esyscmd", esyscmd, 1, 1, true],
  ["sysval", ({ m4 }) => String(m4.sysval), 0, 0],
  ["maketemp", makeTemporary, 1, 1, true],
  ["mkstemp", makeTemporary, 1, 1, true],
];

function syscmd(call: Call): undefined {
  const output = run(call);
  if (output) call.m4.diversions.write(output, call.at);
  return undefined;
}

function esyscmd(call: Call): string | undefined {
  return run(call);
}

function run({ m4, name, text }: Call): string | undefined {
  const command = text(0) ?? "";
  if (!m4.options.allowSyscmd) {
    m4.report("warning", `${name}(\`${command}') not run: it starts a program; allow that with --allow-syscmd`);
    m4.sysval = 127;
    return undefined;
  }
  const result = spawnSync("/bin/sh", ["-c", command], {
    stdio: ["inherit", "pipe", "inherit"],
    timeout: TIMEOUT_MS,
    maxBuffer: MAX_OUTPUT,
  });
  if (result.error) m4.report("error", `${name}(\`${command}') failed: ${result.error.message}`);
  m4.sysval = result.status ?? 127;
  return result.stdout?.toString("latin1");
}

/** Makes an empty file whose name is the template with its last X letters replaced; answers the name, quoted. */
function makeTemporary({ m4, name, text }: Call): string | undefined {
  const template = (text(0) ?? "").replace(/X*$/, "");
  // mkdtemp knows how to find an unused random name; the folder it makes is only the proof that the name was free.
  const folder = mkdtempSync(join(tmpdir(), "m4-"));
  const path = template + basename(folder).slice(3);
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    m4.report("error", `cannot create \`${path}' in builtin \`${name}': ${(error as Error).message}`);
    return undefined;
  } finally {
    rmdirSync(folder);
  }
  return m4.scanner.openQuote + path + m4.scanner.closeQuote;
}
