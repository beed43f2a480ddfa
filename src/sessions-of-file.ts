/** The main script of the second thread of the one executable file, which carries it as `sessions-main.js`. */
import { Scripts } from "./cli/one-file-scripts.ts";
import type { beSessionThread } from "./daemon/sessions/thread.ts";

interface Sessions {
  readonly beSessionThread: typeof beSessionThread;
}

(Scripts.load("sessions") as Sessions).beSessionThread();
