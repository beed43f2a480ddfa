/** Where we decide or say something else on purpose, each with its reason. */
import { QUOTED_ROUTES } from "./relaying.ts";
import type { Held } from "../../support/policy-site.ts";

/** What genuine sendmail says or logs → what we do, in the rows that it is about. */
interface Difference {
  readonly about: RegExp;
  readonly theirs: RegExp;
  readonly ours: string;
}

const ANY = /^/;
const OUTSIDE_MAIL = /^moments: check_(?:vrfy|expn|etrn): /;

const DIFFERENCES: readonly Difference[] = [
  // The address that the client came to, not the one that the port was opened with.
  { about: ANY, theirs: /daemon_addr=<0\.0\.0\.0>/, ours: "daemon_addr=<192.0.2.25>" },
  // The port of the test is told with PROXY who connects.
  { about: ANY, theirs: /daemon_flags=<>/, ours: "daemon_flags=<PP>" },
  // Octets of a message are those that are sent: a line ends with two.
  { about: /: check_eom: /, theirs: /(check_eom, arg1|msg_size)(=<?)42\b/g, ours: "$1$246" },
  { about: /: check_eom: /, theirs: /(check_eom, arg1)=16\b/, ours: "$1=19" },
  // What is known before its time is told before it.
  { about: /^moments: check_eoh: /, theirs: /msg_size=<>msg_id=<>/, ours: "msg_size=<46>msg_id=<<m1@far.test>>" },
  { about: /^moments: HX-/, theirs: /msg_size=<>/, ours: "msg_size=<64>" },
  { about: /^moments: check_eoh: /, theirs: /(f=<([^>]*)>g=)<>/, ours: "$1<$2>" },
  { about: /^moments: HX-/, theirs: /(f=<([^>]*)>g=)<>/, ours: "$1<$2>" },
  { about: /^moments: check_relay: /, theirs: /r=<>s=<>/, ours: "r=<SMTP>s=<[192.0.2.106]>" },
  { about: OUTSIDE_MAIL, theirs: /r=<>s=<>i=<ID>/, ours: "r=<ESMTP>s=<client.far.test>i=<>" },
  // A temporary failure is one, whatever stands behind it.
  { about: /TEMPFAIL/, theirs: /553 5\.3\.0 (?:<\S*>\.\.\. )?later perhaps/, ours: "451 4.0.0 later perhaps" },
  // The client; sendmail has the answer of the list there, which no rule said.
  { about: /^lists: dnsbl: /, theirs: /(arg1=\[(.*)\], arg2=)127\.0\.\d\.\d+/, ours: "$1$2" },
  // Without the quotes of the rule.
  { about: ANY, theirs: /quarantine="(.*)"$/, ours: "quarantine=$1" },
];

/** A stranger may not name a user that holds another address: a host that trusts this one might send the mail there. */
function withoutQuotedRoutes({ name, said, logged }: Held): Pick<Held, "said" | "logged"> {
  if (name !== "closed: quoted routes: client 192.0.2.7") return { said, logged };
  const refusals = QUOTED_ROUTES.map((recipient) => `550 5.7.1 <${recipient}>... Relaying denied`);
  const relay = "relay=client.far.test [192.0.2.7]";
  const lines = QUOTED_ROUTES.map((each, i) => `ruleset=check_rcpt, arg1=<${each}>, ${relay}, reject=${refusals[i]}`);
  return { said: [...said.slice(0, -refusals.length), ...refusals], logged: [...logged, ...lines] };
}

/** The recorded replies and lines as ours should be. */
export function expected(held: Held): Pick<Held, "said" | "logged"> {
  const { name } = held;
  const { said, logged } = withoutQuotedRoutes(held);
  const rows = DIFFERENCES.filter(({ about }) => about.test(name));
  const changed = (text: string): string => rows.reduce((all, { theirs, ours }) => all.replace(theirs, ours), text);
  const replies = said.map(changed);
  // 421 is the last reply of a session (RFC 5321 §3.8), whoever gave it; the original goes on, but for check_relay.
  const last = replies.findIndex((reply) => reply.startsWith("421") && !/: check_relay: /.test(name));
  const lines = logged.map(changed);
  return last < 0
    ? { said: replies, logged: lines }
    : { said: [...replies.slice(0, last + 1), ""], logged: lines.slice(0, 1) };
}
