/** -d24 and -d48: what /parse shows between ruleset 0 and the line with mailer, host and user. */
import { printTokens, type Tokens } from "../../rewriting/tokens.ts";
import type { ParsedAddress } from "../../routing/parse-address.ts";

/** What is asked of the dialogue. */
interface Listener {
  readonly role: "sender" | "recipient";
  readonly part: "envelope" | "header";
  readonly trace: { level(category: number): number };
  say(text: string): void;
}

/** Flags of an address: 1 for a sender, 2 for a header. */
function flagsOf({ part, role }: Listener): number {
  return (role === "sender" ? 1 : 0) + (part === "header" ? 2 : 0);
}

/** Ruleset 0 has ended. */
export function tellResolved(session: Listener, tokens: Tokens): void {
  if (session.trace.level(24) < 5) return;
  session.say(`buildaddr, flags=${flagsOf(session)}, tv= ${printTokens(tokens)}`);
}

/** The address is parsed. */
export function tellParsed(session: Listener, address: string, parsed: ParsedAddress): void {
  const level = session.trace.level(24);
  if (parsed.kind === "triple" && level >= 6) {
    session.say("buildaddr => 0x000000000000=<null>:");
    for (const line of addressLines(parsed, "180<QPINGONFAILURE,QPINGONDELAY>", "<null>")) session.say(line);
  }
  if ((parsed.kind === "triple" || parsed.kind === "error") && level >= 4) {
    session.say(`allocaddr(flags=${flagsOf(session)}, paddr=${address}, ad=1)`);
  }
  if (parsed.kind === "triple" && flagsOf(session) === 0 && session.trace.level(48) >= 2) {
    session.say(`rscap(queuegroup, ${parsed.user}, (NULL))`);
  }
}

/**
 * An address as it would be queued.
 * @param noHost what stands for a host that there is not
 */
export function addressLines(
  { mailer, host, user }: ParsedAddress & { kind: "triple" },
  flags: string,
  noHost: string,
): readonly string[] {
  return [
    `mailer ${mailer.number} (${mailer.name}), host \`${host === "" ? noHost : host}'`,
    `user \`${user}', ruser \`<null>'`,
    "state=OK, next=0x0, alias 0x0, uid 0, gid 0",
    `flags=${flags}`,
    'owner=(none), home="(none)", fullname="(none)"',
    'orcpt="(none)", statmta=(none), status=(none)',
    'finalrcpt="(none)"',
    'rstatus="(none)"',
    "statdate=(none)",
  ].map((line) => `\t${line}`);
}
