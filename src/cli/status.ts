/** `rulemail status`: what the running server is doing, and who is logged in (AUTH). */
import { ControlError, connectControl, NoDaemonError } from "../control/client.ts";
import { homeFolder } from "../daemon/home.ts";
import { EX } from "../sys/sysexits.ts";
import { type CommandStreams, processStreams } from "./command-streams.ts";
import { CommandError, runToStatus } from "./database-target.ts";

/** @returns the exit status: 0; 69 when no server answers, 77 when it is not for whoever asks */
export function runStatus(words: readonly string[], streams: CommandStreams = processStreams()): Promise<number> {
  return runToStatus(streams, async () => {
    if (words.length > 0) throw new CommandError("usage: rulemail status", EX.USAGE);
    try {
      const client = await connectControl(homeFolder().controlSocket);
      try {
        const { pid, started, version, facts } = await client.status();
        streams.output.line(`pid: ${pid}, version ${version}, since ${new Date(started).toISOString()}`);
        for (const [name, value] of Object.entries(facts)) streams.output.line(`${name}: ${value}`);
        return EX.OK;
      } finally {
        client.close();
      }
    } catch (error) {
      if (error instanceof NoDaemonError) throw new CommandError(`rulemail status: ${error.message}`, EX.UNAVAILABLE);
      if (error instanceof ControlError) throw new CommandError(`rulemail status: ${error.message}`, EX.NOPERM);
      throw error;
    }
  });
}
