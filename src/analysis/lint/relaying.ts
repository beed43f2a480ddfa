/**
 * L040: may somebody whom nobody knows send through this host to somebody who is not here? A bounded search: every
 * shape of client with every shape of sender and recipient goes through the policy rulesets and, when they accept,
 * through resolution. What is found is a proof; what is not found is none.
 */
import type { Config, PortOptions } from "../../config/config.ts";
import type { MacroScope } from "../../rewriting/macro-scope.ts";
import { createRouter } from "../../routing/resolve.ts";
import type { Router } from "../../routing/router.ts";
import type { Subject } from "../subject.ts";
import type { Issue } from "./codes.ts";

/** Where the recipient lives. Names of RFC 2606 and addresses of RFC 5737: no site relays for them. */
const ELSEWHERE = "elsewhere.example";
const ELSEWHERE_ADDRESS = "[203.0.113.200]";

interface Client {
  readonly name: string;
  readonly address: string;
  readonly resolve: "OK" | "FAIL" | "FORGED" | "TEMP";
}

/** @param host our own name: a client may say so in its reverse zone, which is what FORGED is for */
function clients(host: string): Client[] {
  const address = "203.0.113.77";
  return [
    { name: "client.stranger.example", address, resolve: "OK" },
    { name: `[${address}]`, address, resolve: "FAIL" },
    { name: `[${address}]`, address, resolve: "TEMP" },
    { name: host, address, resolve: "FORGED" },
    { name: "localhost", address, resolve: "FORGED" },
    { name: "[IPv6:2001:db8::77]", address: "IPv6:2001:db8::77", resolve: "FAIL" },
  ];
}

function senders(host: string): string[] {
  return ["", "user@stranger.example", `user@${host}`, "postmaster", `user@${ELSEWHERE}`];
}

/** The ways to write an address so that a careless host sends it on. */
function recipients(host: string): string[] {
  return [
    `user@${ELSEWHERE}`,
    `user@${ELSEWHERE_ADDRESS}`,
    `user%${ELSEWHERE}@${host}`,
    `user%${ELSEWHERE}@[127.0.0.1]`,
    `user%${ELSEWHERE}`,
    `@${host}:user@${ELSEWHERE}`,
    `@${ELSEWHERE}:user@${host}`,
    `user@${ELSEWHERE}@${host}`,
    `"user@${ELSEWHERE}"@${host}`,
    `"user@${ELSEWHERE}"`,
    `"user%${ELSEWHERE}"@${host}`,
    `${ELSEWHERE}!user`,
    `${ELSEWHERE}!user@${host}`,
    `user@${ELSEWHERE}.${host}`,
    `user@${ELSEWHERE}.`,
  ];
}

export async function checkRelaying({ config, statements }: Subject): Promise<Issue[]> {
  const witness = await findRelay(config);
  if (witness === undefined) return [];
  const { client, sender, recipient, way } = witness;
  const check = statements.find(({ node }) => node.kind === "ruleset" && node.body.startsWith("check_rcpt"));
  const from = `client ${client.name} at ${client.address} (its name: ${client.resolve})`;
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

async function findRelay(config: Config): Promise<Witness | undefined> {
  const router = createRouter(config);
  const host = config.expand(config.macros.get("j") ?? "", config.macros);
  for (const modifiers of openPorts(config.daemonPorts)) {
    for (const client of clients(host)) {
      const session = sessionScope(config, client, modifiers);
      const greeted = await router.check("check_relay", [client.name, client.address], session);
      if (greeted.kind !== "ok") continue;
      for (const sender of senders(host)) {
        const scope = await acceptedSender(router, sender, session);
        if (scope === undefined) continue;
        for (const recipient of recipients(host)) {
          const way = await relayed(config, router, recipient, scope);
          if (way !== undefined) return { client, sender, recipient, way };
        }
      }
    }
  }
  return undefined;
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
function sessionScope(config: Config, { name, address, resolve }: Client, modifiers: ReadonlySet<string>): MacroScope {
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
    ["s", name],
    ["_", `${name} [${address}]`],
    ["r", "SMTP"],
  ]);
}

/** The macros of the transaction, when the sender is accepted. */
async function acceptedSender(router: Router, sender: string, session: MacroScope): Promise<MacroScope | undefined> {
  const scope = session.child([["f", sender]]);
  if (sender === "") scope.set("mail_addr", "<>");
  else {
    const resolution = await router.resolve(sender, scope);
    if (resolution.kind === "triple") {
      scope.set("mail_mailer", resolution.triple.mailer);
      scope.set("mail_host", resolution.triple.host);
      scope.set("mail_addr", resolution.triple.user);
    }
  }
  const verdict = await router.check("check_mail", [`<${sender}>`], scope);
  return verdict.kind === "ok" ? scope : undefined;
}

/** Where an accepted recipient would leave this host to; undefined when it is refused or stays. */
async function relayed(
  config: Config,
  router: Router,
  recipient: string,
  scope: MacroScope,
): Promise<string | undefined> {
  const verdict = await router.check("check_rcpt", [`<${recipient}>`], scope);
  if (verdict.kind !== "ok") return undefined;
  const resolution = await router.resolve(recipient, scope);
  if (resolution.kind !== "triple") return undefined;
  const { mailer, host, user } = resolution.triple;
  const agent = config.mailers.get(mailer);
  if (agent?.path !== "[IPC]" || agent.argv[0] !== "TCP") return undefined;
  const goal = isElsewhere(host) || isElsewhere(domainOf(user));
  return goal ? `mailer ${mailer}, host ${host}, user ${user}` : undefined;
}

function isElsewhere(name: string): boolean {
  const folded = name.toLowerCase().replace(/\.$/, "");
  return folded === ELSEWHERE || folded === ELSEWHERE_ADDRESS || folded === ELSEWHERE_ADDRESS.slice(1, -1);
}

/** The part after the last `@` that is not quoted. */
function domainOf(address: string): string {
  const plain = address.replace(/"(?:[^"\\]|\\.)*"/gs, "");
  return plain.includes("@") ? plain.slice(plain.lastIndexOf("@") + 1) : "";
}
