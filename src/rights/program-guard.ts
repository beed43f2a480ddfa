/**
 * Programs end with who started them. A process that is killed ends nobody, and what a program has started in turn is no child
 * of ours: so a small shell stands by, in a session of its own, knows the process groups of the programs that run, and ends them
 * when its input ends: asks first, does not ask two seconds later. It costs under a megabyte, from the first program on.
 */
import { type ChildProcess, spawn } from "node:child_process";
import type { Socket } from "node:net";

/** Lines "+ GROUP", "- GROUP". A group that has ended is no name for anything any more. */
const SCRIPT = `
groups=
while read -r sign group; do
  case $sign in
    +) groups="$groups $group " ;;
    -) groups="\${groups%% $group *} \${groups#* $group }" ;;
  esac
done
set -- $groups
[ $# = 0 ] && exit
for group; do kill -s TERM -- "-$group"; done
sleep 2
for group; do kill -s KILL -- "-$group"; done
`;

class ProgramGuard {
  #child: ChildProcess | undefined;
  readonly #running = new Set<number>();

  /**
   * @param group process group of a program that has just been started
   * @param isKnown called when whoever is left after us knows of it, or nobody can be told: the program may begin
   */
  begun(group: number, isKnown: () => void = () => undefined): void {
    if (this.#child === undefined) this.#start();
    this.#running.add(group);
    this.#tell(`+ ${group}\n`, isKnown);
  }

  ended(group: number): void {
    if (this.#running.delete(group)) this.#tell(`- ${group}\n`);
  }

  #start(): void {
    const child = spawn("/bin/sh", ["-c", SCRIPT], {
      cwd: "/",
      env: { PATH: "/usr/bin:/bin" },
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
    });
    this.#child = child;
    // One that is gone is replaced at the next program, and hears of all of them.
    const forget = (): void => {
      if (this.#child === child) this.#child = undefined;
    };
    child.once("error", forget);
    child.once("exit", forget);
    child.unref();
    // Not there when we have no descriptors left.
    const input = child.stdin as Socket | null;
    input?.on("error", () => undefined).unref();
    for (const group of this.#running) this.#tell(`+ ${group}\n`);
  }

  #tell(line: string, isSaid: () => void = () => undefined): void {
    const input = this.#child?.stdin;
    if (input) input.write(line, isSaid);
    else isSaid();
  }
}

/** Of all programs of this process. */
export const programGuard = new ProgramGuard();
