/**
 * Programs that deliver for many users in one conversation (`P=/usr/libexec/mail.local, A=mail.local -l`): the root helper starts
 * them, because many become those users themselves, and hands the connection to the server. They run as DefaultUser or as U= says,
 * as root only where the terms say so, and end when their connection does.
 */
import { spawn } from "node:child_process";
import type { Socket } from "node:net";
import { groupsOf } from "./identity.ts";
import { conversationFor } from "./program-command.ts";
import { programGuard } from "./program-guard.ts";
import { fitExactly } from "./program-words.ts";
import type { ConversingProgram, TaskUser } from "./task.ts";
import type { Terms } from "./terms.ts";

const CONNECTION = 3;
/** A program that does not end with its connection is ended, ms. */
const LONGEST = 3600_000;

/** Rejects when the terms do not have it, or it cannot be started. */
export function converse(terms: Terms, who: TaskUser, program: ConversingProgram): Promise<Socket> {
  const words = { ...program, folders: ["/"], nice: 0, root: "" };
  const problem = refusal(terms, who, program);
  if (problem !== undefined) return Promise.reject(new Error(problem));
  const groups = who.uid === 0 ? [0] : groupsOf(who);
  const { path, argv, folder, environment } = conversationFor(words, { ...who, groups, isChange: true });
  const child = spawn(path, argv.slice(1), {
    argv0: argv[0],
    cwd: folder,
    env: { ...environment },
    stdio: ["ignore", "ignore", "ignore", "pipe"],
    detached: true,
  });
  const killer = setTimeout(() => child.kill("SIGKILL"), LONGEST);
  killer.unref();
  const { pid } = child;
  if (pid !== undefined) programGuard.begun(pid);
  child.once("exit", () => {
    clearTimeout(killer);
    if (pid !== undefined) programGuard.ended(pid);
  });
  child.unref();
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("spawn", () => resolve(child.stdio[CONNECTION] as unknown as Socket));
  });
}

function refusal(
  { programs, identities }: Terms,
  { user, uid, gid }: TaskUser,
  { path, argv }: ConversingProgram,
): string | undefined {
  const known = programs.filter((each) => each.path === path);
  if (known.length === 0) return `${path} is no program of a mailer`;
  if (uid === 0) {
    const asRoot = known.filter((each) => each.asRoot);
    if (asRoot.length === 0) return "no program is run as root";
    return asRoot.some(({ words }) => fitExactly(words, argv)) ? undefined : `no mailer runs ${path} with these words`;
  }
  const isNamed = identities.some((each) => each.user === user && each.uid === uid && each.gid === gid);
  return isNamed ? undefined : `${user} is no user that the configuration names`;
}
