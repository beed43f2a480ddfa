/**
 * `rulemail status`: what the running server is doing, how many sessions are inside TLS, and who is logged in (AUTH).
 *
 *     pid: 812, version 8.17.1.9/rulemail, since 2026-11-30T19:00:00.000Z
 *     state: 3 sessions, 0 messages in the queue, 2 ports
 *     TLS: 1 TLSv1.2, 1 TLSv1.3, 1 in clear
 *     logins: joe (2)
 *
 * With --sessions a line for each session follows; with --json there is one document with all of it, times in ms since the epoch.
 */
import { ControlError, connectControl, NoDaemonError } from "../control/client.ts";
import { homeFolder } from "../daemon/home.ts";
import { printable } from "../mail/printable.ts";
import type { SessionFacts } from "../reception/session-facts.ts";
import { EX } from "../sys/sysexits.ts";
import { asciiJson } from "../sys/terminal-text.ts";
import { type CommandStreams, processStreams } from "./command-streams.ts";
import { CommandError, runToStatus } from "./database-target.ts";

const USAGE = "usage: rulemail status [--sessions] [--json]";

/** @returns the exit status: 0; 69 when no server answers, 77 when it is not for whoever asks */
export function runStatus(words: readonly string[], streams: CommandStreams = processStreams()): Promise<number> {
  return runToStatus(streams, async () => {
    const wanted = new Set(words);
    const [json, each] = [wanted.delete("--json"), wanted.delete("--sessions")];
    if (wanted.size > 0) throw new CommandError(USAGE, EX.USAGE);
    try {
      const client = await connectControl(homeFolder().controlSocket);
      try {
        const { pid, started, version, queued, facts } = await client.status();
        const sessions = await client.sessions();
        if (json) {
          streams.output.line(asciiJson({ pid, version, started, queued, sessions }));
          return EX.OK;
        }
        streams.output.line(`pid: ${pid}, version ${version}, since ${timeOf(started)}`);
        for (const [name, value] of Object.entries(facts)) streams.output.line(`${name}: ${value}`);
        streams.output.line(
          `TLS: ${counted(sessions.map(protection), ([name, count]) => `${count} ${name}`) || "no sessions"}`,
        );
        const users = sessions.flatMap(({ login }) => login?.user ?? []);
        const logins = counted(users, ([name, count]) => `${printable(name)} (${count})`);
        streams.output.line(`logins: ${logins || "nobody"}`);
        if (each) for (const session of sessions) streams.output.line(lineOf(session));
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

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}

function protection({ tls }: SessionFacts): string {
  return tls?.version ?? "in clear";
}

/** How often each name stands there, in order of names. */
function counted(names: readonly string[], text: (entry: readonly [name: string, count: number]) => string): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(text)
    .join(", ");
}

/** `MSA: host.test [192.0.2.1], TLSv1.3, cipher=..., verify=NO, joe by PLAIN, since 2026-11-30T19:00:00.000Z` */
function lineOf({ port, relay, since, tls, login }: SessionFacts): string {
  const parts = [`${port}: ${relay}`];
  if (tls === undefined) parts.push("in clear");
  else parts.push(tls.version, `cipher=${tls.cipher}`, `verify=${tls.verify}`);
  if (login !== undefined) parts.push(`${printable(login.user)} by ${login.mechanism}`);
  return [...parts, `since ${timeOf(since)}`].join(", ");
}
