/**
 * Processes that hear of their parent's end whatever state they are in. A stopped process does not notice that its connections
 * close; the kernel sends it a signal all the same, if it was asked to (prctl(2), PR_SET_PDEATHSIG), and setpriv(1) of util-linux
 * asks. A process that changes its ids loses that wish: pool processes of root are ended by the helper instead.
 */
import { spawnSync } from "node:child_process";

/** Where the machine's own programs are; no PATH decides about what runs as root. */
const PLACES = ["/usr/bin/setpriv", "/bin/setpriv"];

let found: string | false | undefined;

/**
 * @param command a program and its arguments
 * @returns the same with whatever has to stand before it; as it was on a machine without such a setpriv
 */
export function withParentDeath(signal: "CONT" | "KILL", command: readonly string[]): readonly string[] {
  found ??=
    PLACES.find((path) => spawnSync(path, ["--pdeathsig", "KILL", "true"], { stdio: "ignore" }).status === 0) ?? false;
  return found === false ? command : [found, "--pdeathsig", signal, ...command];
}
