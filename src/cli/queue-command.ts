/** `rulemail queue suspend|resume HOST`, `rulemail queue suspended`: which hosts nothing goes to, whatever comes. */
import { connectControl, NoDaemonError } from "../control/client.ts";
import { homeFolder } from "../daemon/home.ts";
import { EX, type ExitCode } from "../sys/sysexits.ts";

const USAGE = `usage: rulemail queue suspend HOST   nothing goes to HOST or domains below it; what comes for it waits
       rulemail queue resume HOST    mail goes there again, what waits at once
       rulemail queue suspended      the hosts that are suspended
`;

export async function runQueueCommand(words: readonly string[]): Promise<ExitCode> {
  const [action = "", host, ...more] = words;
  const wanted = action === "suspend" || action === "resume" ? host !== undefined : action === "suspended";
  if (!wanted || more.length > 0 || (action === "suspended" && host !== undefined)) {
    const isHelp = action === "--help" || action === "-h";
    (isHelp ? process.stdout : process.stderr).write(USAGE);
    return isHelp ? EX.OK : EX.USAGE;
  }
  const { controlSocket } = homeFolder();
  try {
    const client = await connectControl(controlSocket);
    try {
      const hosts = await client.suspensions(
        host === undefined ? undefined : { host, suspended: action === "suspend" },
      );
      if (host === undefined) process.stdout.write(hosts.map((each) => `${each}\n`).join(""));
      return EX.OK;
    } finally {
      client.close();
    }
  } catch (error) {
    const isAway = error instanceof NoDaemonError;
    const reason = error instanceof Error ? error.message : String(error);
    process.stderr.write(isAway ? `rulemail: no server answers at ${controlSocket}\n` : `rulemail: ${reason}\n`);
    return isAway ? EX.UNAVAILABLE : EX.NOPERM;
  }
}
