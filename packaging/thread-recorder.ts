/** The main script of the second thread in that file (recorder.ts). */
import { Scripts } from "../src/cli/one-file-scripts.ts";
import type { beSessionThread } from "../src/daemon/sessions/thread.ts";
import { recording, THREAD } from "./recording.ts";

const sessions = Scripts.load("sessions", recording(`${process.pid}${THREAD}`)) as {
  readonly beSessionThread: typeof beSessionThread;
};
sessions.beSessionThread();
