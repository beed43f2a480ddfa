/**
 * The class program: `Kname program [flags] /path [arguments]` runs the program with the key as last argument, without a
 * shell; its first line is the value. -d gives the seconds it may take.
 *
 * Exit status 75 is a temporary failure, and so is a program that a signal or the timeout ended; any other status except
 * 0 means "not found".
 */
import type { ChildProcess } from "node:child_process";
import { constants } from "node:os";
import type { LookupContext } from "../rewriting/lookup-map.ts";
import type { Clock } from "../sys/clock.ts";
import { EX } from "../sys/sysexits.ts";
import { COMMON_FLAGS } from "./flags.ts";
import { type BareResult, found, MISSING, type MapClass, tempfail } from "./map-class.ts";

/** Longest first line that is taken, as in the original; the rest is cut off. */
const LONGEST_LINE = 1021;
const DEFAULT_TIMEOUT = 60_000;
/** Programs of one map that run at the same time; more look-ups wait. */
const MOST_RUNNING = 20;
/** A key beyond this does not fit into the arguments of a program on every system. */
const LONGEST_KEY = 65_536;

export const programClass: MapClass = {
  flags: COMMON_FLAGS,
  keepsCase: true,
  open({ declaration: { name }, flags, environment, problem }) {
    if (flags.rest === "") {
      problem(`No file name for program map ${name}`);
      return undefined;
    }
    const [path, ...fixed] = flags.rest.split(/[ \t]+/);
    const timeout = (Number.parseInt(flags.value("d") ?? "", 10) || 0) * 1000 || DEFAULT_TIMEOUT;
    const running = new Set<ChildProcess>();
    const waiting: (() => void)[] = [];

    async function run(key: string, context: LookupContext): Promise<BareResult> {
      while (running.size >= MOST_RUNNING) await new Promise<void>((resolve) => waiting.push(resolve));
      const result = await runOnce(path, [...fixed, key], timeout, environment.clock, running);
      waiting.shift()?.();
      if (result.kind === "tempfail" && result.reason.startsWith("child died")) {
        context.message?.(`prog_map_lookup(${name}): ${result.reason}`);
      }
      return result.kind === "tempfail" ? tempfail(`program map "${name}": ${result.reason}`) : result;
    }

    return {
      find(key, _args, context) {
        if (key.includes("\0") || key.length > LONGEST_KEY) return MISSING;
        return run(key, context);
      },
      close() {
        for (const child of running) endGroup(child);
      },
    };
  },
};

function runOnce(
  path: string,
  args: readonly string[],
  timeout: number,
  clock: Clock,
  running: Set<ChildProcess>,
): Promise<BareResult> {
  return new Promise((resolve) => {
    let output = "";
    let timedOut = false;
    // Arguments are octets; Node would encode them as UTF-8, which latin1 text survives only when it is ASCII.
    const child = process.getBuiltinModule("node:child_process").spawn(path, args.map(octetsAsArgument), {
      cwd: "/tmp",
      env: { AGENT: "sendmail" },
      stdio: ["ignore", "pipe", "inherit"],
      detached: true,
    });
    running.add(child);
    const cancel = clock.after(timeout, () => {
      timedOut = true;
      endGroup(child);
    });
    const settle = (result: BareResult): void => {
      cancel();
      running.delete(child);
      resolve(result);
    };
    child.stdout.setEncoding("latin1");
    child.stdout.on("data", (chunk: string) => {
      if (output.length < LONGEST_LINE && !output.includes("\n")) output += chunk;
    });
    child.once("error", (error: NodeJS.ErrnoException) => {
      if (child.pid === undefined) settle(startFailure(error));
    });
    child.once("close", (exit, signal) => {
      if (timedOut) settle(tempfail(`no answer in ${timeout / 1000} seconds`));
      else settle(outcome(exit, signal, output));
    });
  });
}

function outcome(exit: number | null, signal: string | null, output: string): BareResult {
  if (exit === null) return tempfail(`child died on signal ${constants.signals[signal as NodeJS.Signals] ?? signal}`);
  if (exit === EX.TEMPFAIL) return tempfail(`exit status ${exit}`);
  if (exit !== EX.OK) return { kind: "missing", status: exit };
  if (output === "") return MISSING;
  const end = output.indexOf("\n");
  return found(output.slice(0, Math.min(end === -1 ? output.length : end, LONGEST_LINE)));
}

/** A program that is not there stays away: as in sendmail, "not found". Anything else may be better later. */
function startFailure(error: NodeJS.ErrnoException): BareResult {
  const missing = error.code === "ENOENT" || error.code === "EACCES";
  return missing ? { kind: "missing", status: EX.CONFIG } : tempfail(`cannot run: ${error.code ?? error.message}`);
}

/** The octets as the text that Node encodes to them, where there is one. */
function octetsAsArgument(text: string): string {
  return Buffer.from(text, "latin1").toString("utf8");
}

function endGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}
