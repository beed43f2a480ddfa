/** Builtins that reach outside: programs and temporary files. Programs run only when the caller allowed it. */
import { spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { closeSync, openSync } from "node:fs";
import { constants } from "node:os";
import type { Row } from "./builtin-row.ts";
import type { Call } from "./expand.ts";

const TIMEOUT_MS = 60_000;
const MAX_OUTPUT = 16 * 1024 * 1024;

/** The shell's status for a program that it cannot start. */
const CANNOT_RUN = 127;

export const systemBuiltins: readonly Row[] = [
  ["syscmd", syscmd, 1, 1, { blind: true }],
  ["esyscmd", (call) => run(call), 1, 1, { blind: true, gnu: true }],
  ["sysval", ({ m4 }) => String(m4.sysval), 0, Number.POSITIVE_INFINITY],
  ["maketemp", makeTemporary, 1, 1, { blind: true }],
  ["mkstemp", makeTemporary, 1, 1, { blind: true }],
];

/** What the program prints goes to the output at once, wherever text is diverted to. */
function syscmd(call: Call): undefined {
  const { m4, at } = call;
  m4.diversions.writeOutput(run(call) ?? "", at);
  if (m4.options.allowSyscmd && m4.sysval === CANNOT_RUN) m4.onMessage("m4: syscmd subprocess failed\n", at);
  return undefined;
}

function run({ m4, name, text, at }: Call): string | undefined {
  const command = text(0)!;
  if (!m4.options.allowSyscmd) {
    m4.warn(`${name}(\`${command}') not run: it starts a program; allow that with --allow-syscmd`);
    m4.sysval = CANNOT_RUN;
    return undefined;
  }
  const result = spawnSync("/bin/sh", ["-c", command], {
    stdio: ["inherit", "pipe", "pipe"],
    timeout: TIMEOUT_MS,
    maxBuffer: MAX_OUTPUT,
    argv0: "sh",
  });
  if (result.error) m4.error(`cannot run command \`${command}': ${result.error.message}`);
  m4.sysval = result.signal ? constants.signals[result.signal] << 8 : (result.status ?? CANNOT_RUN);
  if (result.stderr?.length) m4.onMessage(result.stderr.toString("latin1"), at);
  return result.stdout?.toString("latin1");
}

const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const RANDOM_LENGTH = 6;
const ATTEMPTS = 100;

/** Makes an empty file named like the template, whose last X letters (six at most) are replaced; answers the name, quoted. */
function makeTemporary({ m4, name, text }: Call): string | undefined {
  const template = text(0)!.replace(/X{0,6}$/, "");
  let reason = "";
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const path = template + Array.from({ length: RANDOM_LENGTH }, () => LETTERS[randomInt(LETTERS.length)]).join("");
    try {
      closeSync(openSync(path, "wx", 0o600));
      return m4.quoted(path);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      reason = code === "ENOENT" ? "No such file or directory" : (error as Error).message;
      if (code !== "EEXIST") break;
    }
  }
  m4.complain(`${name}: cannot create tempfile \`${text(0)}': ${reason}`);
  return undefined;
}
