/**
 * `npm run bench -- hostile [--kinds=mail-1,slow] [--seconds=3] [--threads=0]`: what good clients keep of their rate while others attack.
 * Good clients and attackers are processes of their own at different addresses; the attackers share half a core, and the rate
 * without attack is measured while that half core is burnt.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { LoadResult } from "./generator.ts";
import { ATTACKS } from "./hostile/attacks.ts";
import { type HalfCore, halfCore } from "./hostile/half-core.ts";
import { costOf } from "./process-cost.ts";
import { type RunningServer, startServer } from "./server.ts";
import type { Print } from "./wishes.ts";

export interface HostileSettings {
  /** Names of attacks; empty for all. */
  readonly kinds: readonly string[];
  /** How long each is measured. */
  readonly seconds: number;
  /** Options of the server: "SessionThreads=0". */
  readonly options: readonly string[];
  readonly profile?: string | undefined;
}

/** Good clients alone before anything is measured: the compiler has done its work then, s. */
const WARM_UP = 5;
/** An attack is under way for so long before the good clients are watched, ms. */
const LEAD = 1000;

export async function benchHostile(print: Print, { kinds, seconds, options, profile }: HostileSettings): Promise<void> {
  const unknown = kinds.find((kind) => !(kind in ATTACKS));
  if (unknown !== undefined) throw new Error(`No attack "${unknown}"; there are ${Object.keys(ATTACKS).join(", ")}`);
  const group = halfCore();
  if (typeof group === "string") print("attackers", [`not held to half a core: ${group}`]);
  const held = typeof group === "string" ? undefined : group;
  const server = await startServer({ deliveryMode: "queue", relayPort: 9, tls: true, options, profile });
  try {
    await goodClients(server.port, WARM_UP);
    let before = await beside("burner.ts", [], held, server, seconds);
    print("nobody", [figure(before.rate), before.latency]);
    for (const kind of kinds.length > 0 ? kinds : Object.keys(ATTACKS)) {
      const { rate, latency, memory } = await beside("attacker.ts", [String(server.port), kind], held, server, seconds);
      // Undisturbed before and after: other work of the machine comes and goes.
      const after = await beside("burner.ts", [], held, server, seconds);
      const alone = (before.rate + after.rate) / 2;
      before = after;
      const kept = `keeps ${Math.round((100 * rate) / alone)} %`;
      print(kind, [kept, `${figure(rate)} of ${Math.round(alone)}`, latency, memory]);
    }
  } finally {
    await server.stop();
    held?.remove();
  }
}

function figure(rate: number): string {
  return `${Math.round(rate)} messages/s`;
}

interface Kept {
  readonly rate: number;
  readonly latency: string;
  readonly memory: string;
}

/** Good clients beside another program, which is ended afterwards. */
async function beside(
  program: string,
  words: readonly string[],
  held: HalfCore | undefined,
  { port, pid }: RunningServer,
  seconds: number,
): Promise<Kept> {
  const other = run(program, words, ["pipe", "ignore", "inherit"]);
  try {
    held?.add(other.pid!);
    other.stdin?.write("begin\n");
    await sleep(LEAD);
    const { accepted, seconds: took, p99, problem } = await goodClients(port, seconds);
    const latency = `99 % within ${Math.round(p99)} ms${problem === undefined ? "" : ` (${problem.trim()})`}`;
    return { rate: accepted / took, latency, memory: `peak RSS ${Math.round(costOf(pid, false).peak)} MB` };
  } finally {
    await end(other);
  }
}

async function goodClients(port: number, seconds: number): Promise<LoadResult> {
  const client = run("good-client.ts", [String(port), String(seconds)], ["ignore", "pipe", "inherit"]);
  let output = "";
  client.stdout?.setEncoding("utf8").on("data", (text: string) => (output += text));
  await once(client, "close");
  if (output === "") throw new Error("The good clients were not served");
  return JSON.parse(output) as LoadResult;
}

function run(program: string, words: readonly string[], stdio: ("pipe" | "ignore" | "inherit")[]): ChildProcess {
  return spawn(process.execPath, ["--no-warnings", join(import.meta.dirname, "hostile", program), ...words], { stdio });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}
