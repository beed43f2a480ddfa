/** Asks the server something, and says so when it is slow to answer: who waits wants to know for what. */
import { connectControl, connectToSubmit, type ControlClient, type ControlClientOptions } from "../control/client.ts";

/** Most questions are answered in less, ms. */
const SLOW = 5_000;

function patient(path: string): ControlClientOptions {
  return {
    slow: {
      after: SLOW,
      tell: (seconds, most) => {
        const waiting = `no answer from the server at ${path} for ${seconds} s: it is busy, or it was stopped`;
        process.stderr.write(`${waiting}; waiting for up to ${most} s\n`);
      },
    },
  };
}

/** @throws NoDaemonError */
export function callServer(controlSocket: string): Promise<ControlClient> {
  return connectControl(controlSocket, patient(controlSocket));
}

/** The same at the socket that everybody may use. @throws NoDaemonError */
export function callAsAnybody(submitSocket: string): Promise<ControlClient> {
  return connectToSubmit(submitSocket, patient(submitSocket));
}
