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

  /** @param group process group of a program that has just been started */
  begun(group: number): void {
    this.#running.add(group);
    if (this.#child === undefined) this.#start();
    else this.#tell(`+ ${group}\n`);
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
    child.stdin.on("error", () => undefined);
    child.unref();
    (child.stdin as unknown as Socket).unref();
    for (const group of this.#running) this.#tell(`+ ${group}\n`);
  }

  #tell(line: string): void {
    this.#child?.stdin?.write(line);
  }
}

/** Of all programs of this process. */
export const programGuard = new ProgramGuard();
