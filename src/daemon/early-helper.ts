/**
 * The root helper's process of a server, begun before its configuration is read: by the time that says what the helper may do, the
 * process is there to hear it. Without a configuration that can be used it ends as it began.
 */
import type { ChildProcess } from "node:child_process";
import { spawnHelper } from "../rights/root-helper.ts";
import { WORKER_COMMAND } from "../rights/worker-command.ts";
import { helperFolder } from "./workers.ts";

export class EarlyHelper {
  #child: ChildProcess | undefined;
  readonly #failed = (): void => {
    // Another one is started when it is wanted, and says what is wrong.
    this.#child = undefined;
  };

  /** Needs root. */
  constructor() {
    this.#child = spawnHelper({ command: WORKER_COMMAND, folder: helperFolder() });
    this.#child.once("error", this.#failed).once("exit", this.#failed);
  }

  /** The process, once; undefined when it is gone. */
  take(): ChildProcess | undefined {
    const child = this.#child;
    this.#child = undefined;
    return child?.off("error", this.#failed).off("exit", this.#failed);
  }

  /** Ends it, if nobody has taken it. */
  abandon(): void {
    this.take()
      ?.on("error", () => undefined)
      .kill("SIGKILL");
  }
}
