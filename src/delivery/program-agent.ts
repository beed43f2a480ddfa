/**
 * Mailers whose P= is a program: `P=/usr/bin/procmail, A=procmail -Y -m $h $f $u`, and the built-in prog mailer
 * (`P=/bin/sh, A=sh -c $u`), the only one that has a shell between.
 *
 * Arguments are expanded one by one and never parsed again: what an address contains stays one argument.
 */
import type { Mailer } from "../config/mailer.ts";
import type { RecipientStatus } from "../envelope/status.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import { MACRO } from "../rewriting/tokens.ts";
import type { User } from "../sys/users.ts";
import type { Agent, Job, JobRecipient, Report } from "./agent.ts";
import type { DeliveryEnvironment } from "./environment.ts";
import { jobMacros } from "./job-macros.ts";
import { inputOf, macrosFor } from "./local-agent.ts";
import { writeMessage } from "./message-writer.ts";
import { deferred, failed, type Outcome, reportForAll } from "./outcome.ts";
import { programEnvironment } from "./program-environment.ts";
import type { ProgramArgument } from "../rights/program.ts";
import { findUser, rightsFor } from "./rights.ts";
import { fromProgram } from "./task-outcome.ts";

export class ProgramAgent implements Agent {
  readonly #environment: DeliveryEnvironment;

  constructor(environment: DeliveryEnvironment) {
    this.#environment = environment;
  }

  async deliver(job: Job): Promise<Report> {
    const { config, clock, users, workers } = this.#environment;
    const all = (outcome: Outcome) => reportForAll(job, outcome, clock.now());
    const { mailer } = job;
    const macros = await jobMacros(job);
    if (macros.kind === "tempfail") return all(deferred("4.4.3", macros.reason));
    const written = await writeMessage(config, job, macros.scope);
    if (written.kind === "tempfail") return all(deferred("4.4.3", written.reason));
    const [first] = job.recipients;
    const owner = await ownerOf(first, mailer, (name) => findUser(users, name));
    if (owner === undefined && mailer.flags.has("w")) return all(failed("5.1.1", "User unknown"));
    const rights = await rightsFor({
      config,
      users,
      mailer,
      recipient: first,
      ...(owner === undefined ? {} : { owner }),
    });
    const scope = macros.scope.child(macrosFor(first, owner));
    const person = owner ?? (await findUser(users, rights.user));
    if (person !== undefined) scope.set("z", person.home);
    const argument = this.#argument(job, scope, rights.user, person);
    const result = await workers.run(rights, "program", argument, inputOf(written.message), job.signal);
    const status: RecipientStatus = { ...fromProgram(result, mailer), at: clock.now() };
    return { statuses: new Map(job.recipients.map(({ index }) => [index, status])) };
  }

  #argument(job: Job, scope: MacroScope, user: string, person: User | undefined): ProgramArgument {
    const { config } = this.#environment;
    const { mailer } = job;
    const folders = mailer.directory === undefined ? [] : config.expand(mailer.directory, scope).split(":");
    const own = [`USER=${user}`, `LOGNAME=${user}`];
    own.push(`SHELL=${person === undefined || person.shell === "" ? "/bin/sh" : person.shell}`);
    if (person !== undefined) own.push(`HOME=${person.home}`);
    const environment = programEnvironment(config, own);
    return {
      path: mailer.path,
      argv: expandArguments(job, scope, (text, macros) => config.expand(text, macros)).map(argumentText),
      environment,
      folders: [...folders.filter((each) => each !== ""), "/"],
      timeout: mailer.wait,
      nice: mailer.nice,
      root: mailer.root === undefined ? "" : config.expand(mailer.root, scope),
    };
  }
}

/** A mailer whose arguments do not name the user wants to be told in an SMTP or LMTP conversation (manual §5.4, A=). */
export function takesArguments({ argv }: Mailer): boolean {
  return argv.some((argument) => argument.includes(USER));
}

/** `$u` as the configuration keeps it. */
const USER = `${MACRO}u`;

/** An argument with `$u` stands for one argument for each recipient (manual §5.4, A=). */
function expandArguments(job: Job, scope: MacroScope, expand: (text: string, scope: MacroScope) => string): string[] {
  const { mailer, recipients } = job;
  const argv: string[] = [];
  mailer.argv.forEach((argument, position) => {
    if (!argument.includes(USER)) argv.push(expand(argument, scope));
    else for (const each of recipients) argv.push(expand(argument, scope.child([["u", each.triple.user]])));
    if (position > 0) return;
    const sender = scope.get("g") || "<>";
    if (mailer.flags.has("f")) argv.push("-f", sender);
    if (mailer.flags.has("r")) argv.push("-r", sender);
  });
  return argv;
}

/** Node writes arguments as UTF-8: octets that are UTF-8 already must arrive as they are. */
export function argumentText(octets: string): string {
  const text = Buffer.from(octets, "latin1").toString("utf8");
  return text.includes("\ufffd") ? octets : text;
}

/** For final delivery the user part is a user, for others (prog) it is a command. */
async function ownerOf(
  { triple }: JobRecipient,
  { flags }: Mailer,
  find: (name: string) => Promise<User | undefined>,
): Promise<User | undefined> {
  return flags.has("w") || flags.has("A") ? find(triple.user) : undefined;
}
