/**
 * Recipients of one message → jobs: those that share mailer, host and rights travel in one transaction, as far as the
 * mailer takes several at once (F=m) and no more than it wants (r=).
 */
import type { Config } from "../config/config.ts";
import type { Mailer } from "../config/mailer.ts";
import type { Envelope } from "../envelope/envelope.ts";
import type { MessageReader } from "../envelope/message.ts";
import type { Recipient, Triple } from "../envelope/recipient.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import type { AddressRewriter } from "../routing/address-rewriter.ts";
import type { Job, JobRecipient } from "./agent.ts";

/** Recipients in one transaction when the mailer's r= says nothing (manual §5.4). */
const DEFAULT_RECIPIENTS = 100;

export interface GroupInput {
  readonly config: Config;
  readonly envelope: Envelope;
  /** Recipients to deliver now, each with its index in the envelope and where it goes now. */
  readonly recipients: readonly JobRecipient[];
  readonly message: MessageReader;
  /** Macros of the envelope. */
  readonly scope: MacroScope;
  readonly addresses: AddressRewriter;
  readonly signal: AbortSignal;
}

/** Jobs in the order of their first recipients. A mailer that no longer exists becomes a job for the error mailer. */
export function group(input: GroupInput): Job[] {
  const groups = new Map<string, { mailer: Mailer; host: string; recipients: JobRecipient[] }>();
  const full: { mailer: Mailer; host: string; recipients: JobRecipient[] }[] = [];
  for (const given of input.recipients) {
    const mailer = mailerOf(input.config, given.triple) ?? builtIn("error");
    const each = mailer.name === "error" ? withReason(given) : given;
    const limit = mailer.flags.has("m") ? mailer.maxRecipients || DEFAULT_RECIPIENTS : 1;
    const key = limit === 1 ? `#${each.index}` : groupKey(mailer, each.triple, each.recipient);
    const open = groups.get(key);
    if (open !== undefined && open.recipients.length < limit) {
      open.recipients.push(each);
      continue;
    }
    const fresh = { mailer, host: each.triple.host, recipients: [each] };
    groups.set(key, fresh);
    full.push(fresh);
  }
  const { envelope, message, scope, addresses, signal } = input;
  return full.map((each) => ({ ...each, envelope, message, scope, addresses, signal }));
}

/** Host names are compared without regard to letter case; rights keep jobs of different users apart. */
function groupKey(mailer: Mailer, triple: Triple, { rights, owner }: Recipient): string {
  const who = rights === undefined ? "" : `${rights.uid}:${rights.gid}:${rights.user}`;
  // The error mailer's host is its status code and its user the text: different texts are different outcomes anyway.
  return `${mailer.name}\0${triple.host.toLowerCase()}\0${who}\0${owner ?? ""}`;
}

function mailerOf(config: Config, triple: Triple): Mailer | undefined {
  const name = triple.mailer.toLowerCase();
  if (name === "error" || name === "discard") return builtIn(name);
  return config.mailers.get(triple.mailer) ?? config.mailers.get(name);
}

/** The mailer went away with a change of the configuration: the administrator can still mend that, so wait. */
function withReason(each: JobRecipient): JobRecipient {
  const { mailer } = each.triple;
  if (mailer.toLowerCase() === "error") return each;
  return { ...each, triple: { mailer: "error", host: "4.3.5", user: `451 mailer ${mailer} is not defined` } };
}

const builtIns = new Map<string, Mailer>();

/** Mailers that every configuration has and no M line describes. */
function builtIn(name: "error" | "discard"): Mailer {
  let mailer = builtIns.get(name);
  if (mailer === undefined) {
    mailer = {
      name,
      number: -1,
      path: `[${name.toUpperCase()}]`,
      flags: new Set("m"),
      argv: [],
      sender: { envelope: 0, header: 0 },
      recipient: { envelope: 0, header: 0 },
      eol: "\n",
      maxSize: 0,
      maxMessages: 0,
      maxRecipients: 0,
      lineLimit: 0,
      nice: 0,
      types: { mta: "dns", address: "rfc822", diagnostic: "smtp" },
      wait: 0,
    };
    builtIns.set(name, mailer);
  }
  return mailer;
}
