/**
 * `sendmail -bv address ...`: opens aliases, .forward files and lists, and says what would be delivered where. Words may
 * be lists, and end statuses are those of a submission. With -v it tells what expands to what as sendmail does, with -v -v also
 * the line that each alias stands in.
 */
import type { DeliverySite } from "../dispatch/attempt.ts";
import type { Recipient, Triple } from "../envelope/recipient.ts";
import { quotedProgram } from "../mail/quoted-program.ts";
import { splitRecipients } from "../mail/recipient-list.ts";
import { resolveRecipients } from "../reception/submission-recipients.ts";
import { expansionText } from "../routing/expansion-lines.ts";
import { withoutAliases } from "../routing/aliases.ts";
import { EX } from "../sys/sysexits.ts";
import type { SendmailArguments } from "./arguments.ts";
import { octets } from "./given-words.ts";
import { aliasLines } from "../site/alias-lines.ts";
import { aboutAddress, exitOf, firstExit, visible } from "./submission-answer.ts";
import { submissionOptions } from "./submission-options.ts";
import { openForCommand } from "./system.ts";

/** @param say where the answers go */
export async function verify(
  args: SendmailArguments,
  say: (text: string) => void = (text) => void process.stdout.write(text),
): Promise<number> {
  if (args.addresses.length === 0 && !args.fromHeaders) {
    process.stderr.write("Recipient names must be specified\n");
    return EX.USAGE;
  }
  const trace = args.debug.length === 0 ? undefined : (await import("./debugging.ts")).commandTrace(args);
  const opened = await openForCommand(args, undefined, trace);
  if (typeof opened === "number") return opened;
  const exit = await answer(opened, args, say);
  await opened.close();
  return exit;
}

/**
 * The same with a site that is open already, and stays open.
 * @returns the exit status
 */
export async function answer(
  opened: DeliverySite,
  args: SendmailArguments,
  say: (text: string) => void,
): Promise<number> {
  const { config, rules, aliases, users, dontBlame, agents } = opened;
  const names = {
    config,
    rules,
    aliases: args.noAliasing ? withoutAliases : aliases,
    users,
    dontBlame,
    files: agents.files,
    ...(args.veryVerbose ? { aliasOrigins: aliasLines(opened) } : {}),
  };
  const oldStyle = submissionOptions(args).oldStyle ?? config.options.flag("OldStyleHeaders");
  const addresses = args.addresses.flatMap((word) => splitRecipients(octets(word), oldStyle));
  const nobody = { user: "", recipients: [], fromHeader: false };
  const list = await resolveRecipients(names, addresses, nobody, config.macros.child(), Date.now());
  const told = new Set<string>();
  let exit: number = firstExit(list.problems.map(({ reply }) => exitOf(reply))) ?? EX.OK;
  if (submissionOptions(args).verbose) for (const line of list.told) say(`${visible(expansionText(line))}\n`);
  for (const { address, reply } of list.problems) {
    say(`${aboutAddress(address, reply)}\n`);
    told.add(address);
  }
  for (const [index, each] of list.opened.entries()) {
    const name = list.typed[index] ?? each.given;
    const line = told.has(name) && each.state !== "todo" ? undefined : describe(name, each);
    if (line !== undefined) say(`${visible(line)}\n`);
    if (each.state === "deferred" && exit === EX.OK) exit = EX.TEMPFAIL;
  }
  return exit;
}

function describe(name: string, { state, resolved, status }: Recipient): string | undefined {
  if (state === "deferred") return `${name}... ${status?.text ?? "cannot be told now"}`;
  if (state !== "todo" || resolved === undefined) return undefined; // the others tell the story
  const { mailer, host } = resolved;
  return `${quotedProgram(name)}... deliverable: mailer ${mailer}, ${host === "" ? "" : `host ${host}, `}user ${shownUser(name, resolved)}`;
}

/** As the original has it in the triple: a program with its bar, a user whom no alias may be taken for with his backslash. */
function shownUser(name: string, { user }: Triple): string {
  if (name.startsWith("|")) return quotedProgram(name);
  return name.startsWith("\\") && !user.startsWith("\\") ? `\\${user}` : user;
}
