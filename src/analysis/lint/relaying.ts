/**
 * L040: may somebody whom nobody knows send through this host to somebody who is not here? A bounded search: every
 * shape of client with every shape of sender and recipient goes through the policy rulesets and, when they accept,
 * through resolution. What is found is a proof; what is not found is none.
 */
import type { Config, PortOptions } from "../../config/config.ts";
import type { MacroScope } from "../../rewriting/macro-scope.ts";
import { createMailRules } from "../../routing/resolve.ts";
import type { MailRules } from "../../routing/mail-rules.ts";
import type { Subject } from "../subject.ts";
import type { Issue } from "./codes.ts";
import { type Attempts, basicAttempts, type Client, ELSEWHERE, furtherAttempts, isElsewhere } from "./strangers.ts";

export async function checkRelaying(subject: Subject): Promise<Issue[]> {
  const { config, statements } = subject;
  const witness = await findRelay(config, subject);
  if (witness === undefined) return [];
  const { client, sender, recipient, way } = witness;
  const check = statements.find(({ node }) => node.kind === "ruleset" && node.body.startsWith("check_rcpt"));
  const helo = client.helo === undefined ? "" : `, HELO ${client.helo}`;
  const from = `client ${client.name} at ${client.address} (its name: ${client.resolve})${helo}`;
  const text = `strangers may relay: ${from}, MAIL FROM:<${sender}>, RCPT TO:<${recipient}> is accepted for ${way}`;
  return [{ code: "L040", line: check?.first ?? 1, text }];
}

interface Witness {
  readonly client: Client;
  readonly sender: string;
  readonly recipient: string;
  /** Where it would go. */
  readonly way: string;
}

async function findRelay(config: Config, subject: Subject): Promise<Witness | undefined> {
  const search = new Search(config);
  const basic = basicAttempts(search.host);
  const further = furtherAttempts(subject);
  for (const modifiers of openPorts(config.daemonPorts)) {
    const witness =
      (await search.tryAll(basic, modifiers)) ??
      // What is special is tried alone: all of it with each other would take hours.
      (await search.tryAll({ ...firstOf(basic), clients: further.clients }, modifiers)) ??
      (await search.tryAll({ ...firstOf(basic), senders: further.senders }, modifiers)) ??
      (await search.tryAll({ ...firstOf(basic), recipients: further.recipients }, modifiers));
    if (witness !== undefined) return witness;
  }
  return undefined;
}

/** The plainest of each, and the null sender beside an ordinary one. */
function firstOf({ clients, senders, recipients }: Attempts): Attempts {
  return { clients: clients.slice(0, 1), senders: senders.slice(0, 2), recipients: recipients.slice(0, 1) };
}

class Search {
  readonly #config: Config;
  readonly #rules: MailRules;
  readonly host: string;

  constructor(config: Config) {
    this.#config = config;
    this.#rules = createMailRules(config);
    this.host = config.expand(config.macros.get("j") ?? "", config.macros);
  }

  async tryAll(attempts: Attempts, modifiers: ReadonlySet<string>): Promise<Witness | undefined> {
    for (const client of attempts.clients) {
      const session = sessionScope(this.#config, client, modifiers);
      const greeted = await this.#rules.check("check_relay", [client.name, client.address], session);
      if (greeted.kind !== "ok") continue;
      for (const sender of attempts.senders) {
        const scope = await acceptedSender(this.#rules, sender, session);
        if (scope === undefined) continue;
        for (const recipient of attempts.recipients) {
          const way = await relayed(this.#config, this.#rules, recipient, scope);
          if (way !== undefined) return { client, sender, recipient, way };
        }
      }
    }
    return undefined;
  }
}

/** Modifiers of the ports that a stranger can reach and use without saying who it is (M=a asks for that). */
function openPorts(ports: readonly PortOptions[]): ReadonlySet<string>[] {
  if (ports.length === 0) return [new Set()];
  return ports
    .filter(({ family, address }) => family !== "local" && !/^(?:127\.|::1$|IPv6:::1$|localhost$)/i.test(address))
    .map(({ modifiers }) => modifiers)
    .filter((modifiers) => !modifiers.has("a"));
}

/** The macros that a session has when the policy rulesets run. */
function sessionScope(
  config: Config,
  { name, address, resolve, helo = name }: Client,
  modifiers: ReadonlySet<string>,
): MacroScope {
  const flags = [...modifiers].map((letter) => (/[A-Z]/.test(letter) ? letter + letter : letter)).join(" ");
  return config.macros.child([
    ["client_addr", address],
    ["client_name", name],
    ["client_ptr", name],
    ["client_resolve", resolve],
    ["client_port", "40000"],
    ["daemon_flags", flags],
    ["daemon_family", "inet"],
    ["daemon_name", "MTA"],
    ["s", helo],
    ["_", `${name} [${address}]`],
    ["r", "SMTP"],
  ]);
}

/** The macros of the transaction, when the sender is accepted. */
async function acceptedSender(rules: MailRules, sender: string, session: MacroScope): Promise<MacroScope | undefined> {
  const scope = session.child([
    ["f", sender],
    ["mail_from", `<${sender}>`],
  ]);
  if (sender === "") scope.set("mail_addr", "<>");
  else {
    const resolution = await rules.resolve(sender, scope, undefined, "sender");
    if (resolution.kind === "triple") {
      scope.set("mail_mailer", resolution.triple.mailer);
      scope.set("mail_host", resolution.triple.host);
      scope.set("mail_addr", resolution.triple.user);
    }
  }
  const verdict = await rules.check("check_mail", [`<${sender}>`], scope);
  return verdict.kind === "ok" ? scope : undefined;
}

/** Where an accepted recipient would leave this host to; undefined when it is refused or stays. */
async function relayed(
  config: Config,
  rules: MailRules,
  recipient: string,
  scope: MacroScope,
): Promise<string | undefined> {
  const verdict = await rules.check("check_rcpt", [`<${recipient}>`], scope);
  if (verdict.kind !== "ok") return undefined;
  const resolution = await rules.resolve(recipient, scope);
  if (resolution.kind !== "triple") return undefined;
  const { mailer, host, user } = resolution.triple;
  const agent = config.mailers.get(mailer);
  if (agent?.path !== "[IPC]" || agent.argv[0] !== "TCP") return undefined;
  // `user%elsewhere@friend`: the friend believes that it comes from us.
  const goal = isElsewhere(host) || isElsewhere(domainOf(user)) || user.includes(`%${ELSEWHERE}@`);
  return goal ? `mailer ${mailer}, host ${host}, user ${user}` : undefined;
}

/** The part after the last `@` that is not quoted. */
function domainOf(address: string): string {
  const plain = address.replace(/"(?:[^"\\]|\\.)*"/gs, "");
  return plain.includes("@") ? plain.slice(plain.lastIndexOf("@") + 1) : "";
}
