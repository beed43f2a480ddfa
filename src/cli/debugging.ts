/**
 * -X, -D and -d of every mode but test mode, which shows more: files that cannot be written to end the program before
 * anything is done, and -d0 tells which program this is and what it takes the machine for.
 */
import { closeSync, openSync, writeSync } from "node:fs";
import { loadConfig } from "../config/load.ts";
import type { Trace } from "../rewriting/trace.ts";
import { errorText } from "../sys/safe-file.ts";
import { EX } from "../sys/sysexits.ts";
import type { SendmailArguments } from "./arguments.ts";
import { systemConfigFile } from "./config-file.ts";
import { DebugLevels } from "./debug-levels.ts";
import { systemEnvironment } from "./system-environment.ts";
import { machineIdentity, programIdentity } from "./test-mode/identity.ts";

/** Modes whose standard output is another program's, or a server's. */
const SILENT_MODES = "sdD";

/** @returns the exit status when the command ends here */
export async function beginDebugging(args: SendmailArguments): Promise<number | undefined> {
  const { trafficLog, debugFile, debug, mode, settings } = args;
  for (const file of [trafficLog, debugFile]) {
    if (file === undefined) continue;
    try {
      // With the rights of whoever calls: there are no others.
      closeSync(openSync(file, "a", 0o600));
    } catch (error) {
      process.stderr.write(`cannot open ${file}: ${errorText(error)}\n`);
      return EX.CANTCREAT;
    }
  }
  if (trafficLog !== undefined && "dD".includes(mode)) {
    process.stderr.write("sendmail: -X: a server writes what it says and hears to its log (O LogLevel=15)\n");
  }
  const levels = new DebugLevels();
  for (const text of debug) levels.set(text);
  if (levels.level(0) === 0 || SILENT_MODES.includes(mode)) return undefined;
  const lines = programIdentity();
  const { config } = await loadConfig(systemConfigFile(args), { ...systemEnvironment(), settings });
  if (config !== undefined) lines.push(...machineIdentity(config));
  config?.close();
  tell(`${lines.join("\n")}\n`, debugFile);
  return undefined;
}

/** -d of a command that asks rules: what they do (21), maps (60), options (37) ... as test mode shows it. */
export function commandTrace({ debug, debugFile }: SendmailArguments): Trace {
  const levels = new DebugLevels();
  for (const text of debug) levels.set(text);
  return {
    level: (category) => levels.level(category),
    testMode: false,
    print: (text) => tell(`${text}\n`, debugFile),
  };
}

function tell(text: string, file: string | undefined): void {
  if (file === undefined) {
    process.stdout.write(text);
    return;
  }
  const fd = openSync(file, "a", 0o600);
  writeSync(fd, text);
  closeSync(fd);
}
