/**
 * `sendmail -bv address ...`: opens aliases, .forward files and lists, and says what would be delivered where. Words may
 * be lists, and end statuses are those of a submission.
 */
import type { Recipient } from "../envelope/recipient.ts";
import { splitRecipients } from "../mail/recipient-list.ts";
import { resolveRecipients } from "../reception/submission-recipients.ts";
import { withoutAliases } from "../routing/aliases.ts";
import { EX } from "../sys/sysexits.ts";
import type { SendmailArguments } from "./arguments.ts";
import { aboutAddress, exitOf, octets, visible } from "./submission-answer.ts";
import { submissionOptions } from "./submission-options.ts";
import { openForCommand } from "./system.ts";

export async function verify(args: SendmailArguments): Promise<number> {
  const opened = await openForCommand(args);
  if (typeof opened === "number") return opened;
  const { config, router, aliases, users, dontBlame, agents } = opened;
  const names = {
    config,
    router,
    aliases: args.noAliasing ? withoutAliases : aliases,
    users,
    dontBlame,
    files: agents.files,
  };
  const oldStyle = submissionOptions(args).oldStyle ?? config.options.flag("OldStyleHeaders");
  const addresses = args.addresses.flatMap((word) => splitRecipients(octets(word), oldStyle));
  const nobody = { user: "", recipients: [], fromHeader: false };
  const list = await resolveRecipients(names, addresses, nobody, config.macros.child(), Date.now());
  const told = new Set<string>();
  let exit: number = EX.OK;
  for (const { address, reply } of list.problems) {
    process.stdout.write(`${aboutAddress(address, reply)}\n`);
    told.add(address);
    if (exit === EX.OK) exit = exitOf(reply);
  }
  for (const each of list.opened) {
    const line = told.has(each.given) && each.state !== "todo" ? undefined : describe(each);
    if (line !== undefined) process.stdout.write(`${visible(line)}\n`);
    if (each.state === "deferred" && exit === EX.OK) exit = EX.TEMPFAIL;
  }
  await opened.close();
  return exit;
}

function describe({ given, state, resolved, status }: Recipient): string | undefined {
  if (state === "deferred") return `${given}... ${status?.text ?? "cannot be told now"}`;
  if (state !== "todo" || resolved === undefined) return undefined; // the others tell the story
  const { mailer, host, user } = resolved;
  return `${given}... deliverable: mailer ${mailer}, ${host === "" ? "" : `host ${host}, `}user ${user}`;
}
