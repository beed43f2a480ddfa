/** Where mail enters the rulesets: those that the program itself runs, those of mailers, those of header lines. */
import type { Config } from "../../config/config.ts";
import { readMacroName } from "../../rewriting/macro-name.ts";
import type { Subject } from "../subject.ts";
import { classNamesOf } from "../describe.ts";
import { Flow } from "./flow.ts";
import { type ClassOf, type Form, PLAIN, TYPED } from "./forms.ts";

/** Rulesets that the program itself runs. */
const RUN_BY_PROGRAM: readonly string[] = (
  "0 1 2 3 4 5 canonify parse final localaddr check_relay check_mail check_rcpt check_data check_compat check_eoh " +
  "check_eom check_etrn check_expn check_vrfy check_other greet_pause srv_features clt_features trust_auth authinfo " +
  "tls_server tls_client tls_rcpt try_tls tls_srv_features tls_clt_features queuegroup check_eai " +
  "sender_checks check_spf check_auth"
).split(" ");

const LOCALADDR = 5;

/** Numbers of the rulesets that nothing in the configuration has to call. */
export function rulesetsRunFirst(config: Config): readonly number[] {
  const named = RUN_BY_PROGRAM.flatMap((name) => config.rulesets.find(name).number ?? []);
  const checking = config.headers.flatMap(({ check }) => check?.ruleset ?? []);
  const rewriting = [...config.mailers.values()].flatMap(({ sender, recipient }) => [
    sender.envelope,
    sender.header,
    recipient.envelope,
    recipient.header,
  ]);
  return [...new Set([...named, ...checking, ...rewriting])];
}

/** What may go through the rules; rulesets that nothing calls are run too: somebody may in test mode. */
export function flowOf(subject: Subject): Flow {
  const { config } = subject;
  const flow = new Flow(config, classesOf(subject));
  for (const number of rulesetsRunFirst(config)) flow.endings(number, textFor(config, number));
  for (const { number, rules } of config.rulesets.all())
    if (rules.length > 0 && !flow.ran(number)) flow.endings(number);
  return flow;
}

/** What the program gives a ruleset: the name of a local user to 5, any text to the others. */
export function textFor(config: Config, number: number): Form {
  return number === config.rulesets.find("localaddr").number || number === LOCALADDR ? [PLAIN] : [TYPED];
}

/** Classes that the program fills, or that have lines of their own: what is missing here may be there elsewhere. */
function classesOf(subject: Subject): ClassOf {
  const { config, statements } = subject;
  const filled = classNamesOf(subject);
  const open = new Set(
    statements.flatMap(({ node }) => (node.kind === "class-file" ? (readMacroName(node.body, 0).name ?? []) : [])),
  );
  return (name) => {
    const words = config.classWords(name);
    if (!filled.has(name) && words.size === 0) return undefined;
    return (word) => words.has(word) || (open.has(name) || words.size === 0 ? undefined : false);
  };
}
