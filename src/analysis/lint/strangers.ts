/**
 * What strangers may try (L040): clients, senders and recipients of every shape, and words that this configuration itself
 * trusts. A hole that is only for `partner.example` is open to everybody who says that name.
 */
import { readFileSync } from "node:fs";
import { parseMapDeclaration } from "../../cf/parse-line.ts";
import type { Subject } from "../subject.ts";
import { classNamesOf } from "../describe.ts";

/** Where the recipient lives. Names of RFC 2606 and addresses of RFC 5737: no site relays for them. */
export const ELSEWHERE = "elsewhere.example";
const ELSEWHERE_ADDRESS = "[203.0.113.200]";
/** Below a top-level domain that the configuration trusts as a whole: nobody's host. */
const NOBODY = "elsewhere-example";

/** A host below a domain that the configuration knows. */
const INNER = "inner";

export interface Client {
  readonly name: string;
  readonly address: string;
  readonly resolve: "OK" | "FAIL" | "FORGED" | "TEMP";
  /** What it says in HELO. */
  readonly helo?: string;
}

/** One way to try: everything else stays as in the first of each list. */
export interface Attempts {
  readonly clients: readonly Client[];
  readonly senders: readonly string[];
  readonly recipients: readonly string[];
}

const ADDRESS = "203.0.113.77";
const STRANGER: Client = { name: "client.stranger.example", address: ADDRESS, resolve: "OK" };

/** All of these are tried with each other. */
export function basicAttempts(host: string): Attempts {
  return {
    // A client may have our own name in its reverse zone: that is what FORGED is for.
    clients: [
      STRANGER,
      { name: `[${ADDRESS}]`, address: ADDRESS, resolve: "FAIL" },
      { name: `[${ADDRESS}]`, address: ADDRESS, resolve: "TEMP" },
      { name: host, address: ADDRESS, resolve: "FORGED" },
      { name: "localhost", address: ADDRESS, resolve: "FORGED" },
      { name: "[IPv6:2001:db8::77]", address: "IPv6:2001:db8::77", resolve: "FAIL" },
    ],
    senders: ["", "user@stranger.example", `user@${host}`, "postmaster", `user@${ELSEWHERE}`],
    recipients: relayForms(host),
  };
}

/** The ways to write an address so that a careless host, or one that takes mail for this domain, sends it on. */
export function relayForms(host: string): string[] {
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
    `user.${ELSEWHERE}@${host}`,
    `user=${ELSEWHERE}@${host}`,
    `user+${ELSEWHERE}@${host}`,
  ];
}

/** What is tried one by one: words that the configuration knows, and large networks. */
export function furtherAttempts(subject: Subject): Attempts {
  const { hosts, zones, users } = vocabularyOf(subject);
  return {
    clients: [
      ...hosts.map((helo): Client => ({ ...STRANGER, helo })),
      ...hosts.flatMap((host): Client[] => [
        { name: host, address: ADDRESS, resolve: "FORGED" },
        { name: `client.${host}`, address: ADDRESS, resolve: "FORGED" },
      ]),
      ...zones.map((zone): Client => ({ ...STRANGER, name: `client.${NOBODY}.${zone}` })),
      ...networks(),
    ],
    senders: [...hosts.map((host) => `user@${host}`), ...zones.map((zone) => `user@${NOBODY}.${zone}`)],
    recipients: [
      ...users.map((user) => `${user}@${ELSEWHERE}`),
      ...zones.map((zone) => `user@${NOBODY}.${zone}`),
      ...hosts.flatMap((host) => relayForms(host).filter((each) => each.includes(host))),
      // What is refused behind a domain may be forgotten behind the hosts below it.
      ...hosts
        .map((host) => `${INNER}.${host}`)
        .flatMap((host) => relayForms(host).filter((each) => each.includes(host))),
    ],
  };
}

/** A client in each of the networks that a first octet names: nobody owns one of those. */
function networks(): Client[] {
  const clients: Client[] = [];
  for (let octet = 1; octet < 224; octet++) {
    if (octet === 10 || octet === 127) continue;
    const address = `${octet}.201.77.33`;
    clients.push({ name: `[${address}]`, address, resolve: "FAIL" });
  }
  for (const block of ["2001", "2400", "2600", "2800", "2a00", "2c00"]) {
    const address = `IPv6:${block}:7b1d::77`;
    clients.push({ name: `[${address}]`, address, resolve: "FAIL" });
  }
  return clients;
}

/** Whether a host or the domain of a user belongs to nobody here. */
export function isElsewhere(name: string): boolean {
  const folded = name.toLowerCase().replace(/\.$/, "");
  const address = ELSEWHERE_ADDRESS.slice(1, -1);
  return folded === ELSEWHERE || folded === ELSEWHERE_ADDRESS || folded === address || folded.startsWith(`${NOBODY}.`);
}

interface Vocabulary {
  /** Names with a dot. */
  readonly hosts: readonly string[];
  /** Single words that stand for everything below a top-level domain. */
  readonly zones: readonly string[];
  /** Local parts that rules ask for. */
  readonly users: readonly string[];
}

const MOST_WORDS = 40;
const HOST = /(?:[a-z0-9_-]+\.)+[a-z][a-z0-9-]*/gi;
/** Zones that are not part of the Internet, or are used as if they were not; and names of the machine itself. */
const PRIVATE =
  /^(?:local|localhost|localdomain|lan|home|internal|intranet|corp|private|test|invalid|arpa|uucp|bitnet|decnet|csnet|redirect|dav|fax|usenet)$/i;
const MOST_OCTETS = 1 << 20;

function vocabularyOf(subject: Subject): Vocabulary {
  const hosts = new Set<string>();
  const zones = new Set<string>();
  const users = new Set<string>();
  const addWord = (word: string): void => {
    const plain = word
      .replace(/^[.@]+/, "")
      .replace(/@$/, "")
      .toLowerCase();
    if (/^[a-z][a-z-]*$/.test(plain)) {
      if (!PRIVATE.test(plain)) zones.add(plain);
    } else if (/^(?:[a-z0-9_-]+\.)+[a-z][a-z0-9-]*$/.test(plain)) hosts.add(plain);
  };
  for (const name of ["R", "m", "M"]) for (const word of subject.config.classWords(name).words()) addWord(word);
  for (const name of classNamesOf(subject)) {
    for (const word of subject.config.classWords(name).words()) if (word.includes(".")) addWord(word);
  }
  for (const { node, text, first } of subject.statements) {
    if (node.kind === "map") for (const word of trustedKeys(node.body)) addWord(word);
    // Rules of the library name nobody.
    if (node.kind !== "rule" || (subject.origin && subject.origin(first)?.own !== true)) continue;
    const left = text
      .slice(1)
      .split("\t")[0]
      .replace(/\s*\.\s*/g, ".");
    for (const [host] of left.matchAll(HOST)) hosts.add(host.toLowerCase());
    for (const [, user] of left.matchAll(/(?:^|[\s<])([a-z][\w-]*)\s*@/gi)) users.add(user);
  }
  return { hosts: some(hosts), zones: some(zones), users: some(users) };
}

function some(words: ReadonlySet<string>): string[] {
  return [...words].slice(0, MOST_WORDS);
}

/** Keys of a table whose text lies beside it, as far as they let somebody relay: `Connect:com RELAY`, `To:org RELAY`. */
function trustedKeys(body: string): string[] {
  const { args } = parseMapDeclaration(body);
  const path = args.split(/\s+/).findLast((word) => word.startsWith("/"));
  if (path === undefined) return [];
  let text: string;
  try {
    text = readFileSync(path, "latin1").slice(0, MOST_OCTETS);
  } catch {
    return [];
  }
  return text
    .split("\n")
    .map((line) => /^(?:(?:Connect|From|To):)?([^\s#:]+)\s+(?:RELAY|OK)\s*$/i.exec(line)?.[1])
    .filter((word) => word !== undefined);
}
