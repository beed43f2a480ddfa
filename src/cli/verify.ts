/** `sendmail -bv address ...`: opens aliases, .forward files and lists, and says what would be delivered where. */
import type { Recipient } from "../envelope/recipient.ts";
import { bareAddress } from "../reception/submission-recipients.ts";
import { expandRecipients } from "../routing/recipients.ts";
import { EX, type ExitCode } from "../sys/sysexits.ts";
import type { SendmailArguments } from "./arguments.ts";
import { openForCommand } from "./system.ts";

export async function verify(args: SendmailArguments): Promise<ExitCode> {
  const opened = await openForCommand(args);
  if (typeof opened === "number") return opened;
  const { config, router, aliases, users, dontBlame, agents } = opened;
  let exit: ExitCode = EX.OK;
  for (const address of args.addresses) {
    const recipient: Recipient = { given: bareAddress(address), state: "todo" };
    const { changes, added } = await expandRecipients(
      {
        config,
        router,
        aliases,
        users,
        dontBlame,
        files: agents.files,
        scope: config.macros.child(),
        now: Date.now(),
        warn: (text) => void process.stderr.write(`${text}\n`),
      },
      [recipient],
      [0],
    );
    const outcome = { ...recipient, ...changes.find(({ index }) => index === 0) };
    for (const each of [outcome, ...added]) {
      const line = describe(each);
      if (line !== undefined) process.stdout.write(`${line}\n`);
      if (each.state === "failed" || each.state === "deferred") exit = exitOf(each, exit);
    }
  }
  await opened.close();
  return exit;
}

function describe({ given, state, resolved, status }: Recipient): string | undefined {
  if (state === "todo" && resolved !== undefined) {
    const { mailer, host, user } = resolved;
    return `${given}... deliverable: mailer ${mailer}, ${host === "" ? "" : `host ${host}, `}user ${user}`;
  }
  if (state === "failed" || state === "deferred") return `${given}... ${status?.text ?? "cannot be delivered"}`;
  return undefined; // expanded, duplicate, discarded: the others tell the story
}

function exitOf({ state, status }: Recipient, before: ExitCode): ExitCode {
  if (state === "deferred") return before === EX.OK ? EX.TEMPFAIL : before;
  return status?.status === "5.1.1" ? EX.NOUSER : EX.UNAVAILABLE;
}
