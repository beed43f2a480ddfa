/**
 * SPF (RFC 7208): may this address send mail for this domain? `checkSpf` is check_host() of section 4 with what belongs
 * around it: which domain is asked, the time that all may take, the explanation of a refusal.
 *
 * Text and numbers of records come from strangers: recursion ends with the tenth term that asks the DNS, each question
 * with the time of the whole check, and a record is read once, in time that grows with its length.
 */
import { domainToASCII } from "node:url";
import type { DnsAnswer } from "../../dns/resolver.ts";
import { dotted, type IpOctets, readAddress, reversedName, samePrefix } from "./ip-octets.ts";
import { Lookups, Stopped } from "./lookups.ts";
import { expandMacros, type MacroLetter, type MacroString, readMacroString, usesLetter } from "./macro-string.ts";
import { isSpf, type Mechanism, readRecord, type ReadRecord } from "./record.ts";
import type { CheckEnvironment } from "../timed-resolver.ts";
import type { SpfCode, SpfResult } from "./result.ts";

export interface SpfQuestion {
  /** IP address of the client. */
  readonly client: string;
  /** As the client said it. */
  readonly helo: string;
  /** Reverse-path without brackets; "" for the null path: then it is postmaster of the HELO name that counts. */
  readonly sender: string;
  readonly identity: SpfResult["identity"];
}

export interface SpfEnvironment extends CheckEnvironment {
  /** Our name, for %{r}. */
  readonly hostName: string;
}

/** MX records and names of an address that are looked at (RFC 7208 §4.6.4). */
const MOST_HOSTS = 10;
const LONGEST_NAME = 253;
const LONGEST_EXPLANATION = 400;

/** Never rejects. */
export async function checkSpf(question: SpfQuestion, environment: SpfEnvironment): Promise<SpfResult> {
  const { identity, helo, sender } = question;
  const address = identity === "helo" || sender === "" ? `postmaster@${helo}` : sender;
  const at = address.lastIndexOf("@");
  const domain = asciiDomain(address.slice(at + 1));
  const octets = readAddress(question.client.replace(/^IPv6:/i, ""));
  if (octets === undefined) return { result: "none", identity, domain, reason: "the client has no IP address" };
  if (at < 0 || !isAskable(domain)) return { result: "none", identity, domain: "", reason: "no domain to ask" };
  const lookups = new Lookups(environment);
  try {
    const local = at <= 0 ? "postmaster" : address.slice(0, at);
    const check = new Check({ octets, local, origin: domain, helo }, lookups, environment);
    const { term, ...found } = await check.host(domain);
    return { identity, domain, ...found, ...(term === undefined ? {} : { term }) };
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    return { result: error.result, identity, domain, reason: error.message };
  } finally {
    lookups.close();
  }
}

/** As the DNS knows it (RFC 8616 §4); what is no such name stays as it is. Octets of UTF-8 come as latin1. */
function asciiDomain(domain: string): string {
  const bare = domain.replace(/\.$/, "");
  if (!/[^ -~]/.test(bare)) return bare.toLowerCase();
  return domainToASCII(Buffer.from(bare, "latin1").toString("utf8")) || bare;
}

/** RFC 7208 §4.3: more than one label, none empty or too long. An address in brackets is none. */
function isAskable(domain: string): boolean {
  return domain.length <= LONGEST_NAME && /^[^.[\]\s]{1,63}(?:\.[^.[\]\s]{1,63})+$/.test(domain);
}

interface Facts {
  readonly octets: IpOctets;
  readonly local: string;
  /** Domain of the sender. */
  readonly origin: string;
  readonly helo: string;
}

interface Found {
  readonly result: SpfCode;
  readonly term?: string | undefined;
  readonly reason?: string;
  readonly explanation?: string;
}

/** Records that were read, by the answer that they came with: the cache of the resolver is ours, too. */
const known = new WeakMap<DnsAnswer, ReadRecord | "none">();

function recordIn(answer: Extract<DnsAnswer, { kind: "found" }>): ReadRecord | "none" {
  let read = known.get(answer);
  if (read === undefined) known.set(answer, (read = select(answer.records.map(({ data }) => data).filter(isSpf))));
  return read;
}

function select(texts: readonly string[]): ReadRecord | "none" {
  if (texts.length === 0) return "none";
  return texts.length > 1 ? { kind: "wrong", reason: `${texts.length} records of SPF` } : readRecord(texts[0]);
}

class Check {
  readonly #facts: Facts;
  readonly #lookups: Lookups;
  readonly #environment: SpfEnvironment;
  /** Names of the client that lead back to it. */
  #validated: Promise<readonly string[]> | undefined;

  constructor(facts: Facts, lookups: Lookups, environment: SpfEnvironment) {
    this.#facts = facts;
    this.#lookups = lookups;
    this.#environment = environment;
  }

  /** @param isExplained a refusal tells what the domain wants to be said; not inside include */
  async host(domain: string, isExplained = true): Promise<Found> {
    const answer = await this.#lookups.ask(domain, "TXT");
    if (answer.kind === "tempfail") throw new Stopped("temperror", `TXT ${domain}: ${answer.reason}`);
    const read = answer.kind === "found" ? recordIn(answer) : "none";
    if (read === "none") return { result: "none" };
    if (read.kind === "wrong") throw new Stopped("permerror", `${domain}: ${read.reason}`);
    const { mechanisms, redirect, explanation } = read.record;
    for (const mechanism of mechanisms) {
      if (!(await this.#matches(mechanism, domain))) continue;
      const found: Found = { result: mechanism.qualifier, term: mechanism.text };
      if (found.result !== "fail" || explanation === undefined || !isExplained) return found;
      const text = await this.#explain(explanation, domain);
      return text === undefined ? found : { ...found, explanation: text };
    }
    if (redirect === undefined) return { result: "neutral" };
    this.#lookups.countTerm();
    const target = await this.#expand(redirect, domain);
    const found: Found = isAskable(target) ? await this.host(target, isExplained) : { result: "none" };
    if (found.result === "none") throw new Stopped("permerror", `redirect=${target}: no record there`);
    return found;
  }

  async #matches(mechanism: Mechanism, domain: string): Promise<boolean> {
    switch (mechanism.kind) {
      case "all":
        return true;
      case "ip":
        return samePrefix(this.#facts.octets, mechanism.octets, mechanism.length);
      default:
    }
    this.#lookups.countTerm();
    // RFC 8616 §4: a local part beyond ASCII is in no record.
    if (mechanism.domain !== undefined && usesLetter(mechanism.domain, "sl") && /[^ -~]/.test(this.#facts.local)) {
      return false;
    }
    const target = mechanism.domain === undefined ? domain : await this.#expand(mechanism.domain, domain);
    switch (mechanism.kind) {
      case "include":
        return this.#includes(target);
      case "exists":
        return (await this.#lookups.find(target, "A")).length > 0;
      case "a":
        return this.#isOneOf(await this.#addresses(target), mechanism.lengths);
      case "mx":
        return this.#isMailHost(target, mechanism.lengths);
      default:
        return this.#isNamed(target);
    }
  }

  async #includes(target: string): Promise<boolean> {
    const { result } = isAskable(target) ? await this.host(target, false) : { result: "none" };
    if (result === "none") throw new Stopped("permerror", `include:${target}: no record there`);
    return result === "pass";
  }

  #addresses(name: string): Promise<readonly string[]> {
    return this.#lookups.find(name, this.#facts.octets.length === 4 ? "A" : "AAAA");
  }

  #isOneOf(addresses: readonly string[], lengths: { readonly ip4: number; readonly ip6: number }): boolean {
    const { octets } = this.#facts;
    const length = octets.length === 4 ? lengths.ip4 : lengths.ip6;
    return addresses.some((address) => {
      const theirs = readAddress(address);
      return theirs !== undefined && samePrefix(octets, theirs, length);
    });
  }

  async #isMailHost(target: string, lengths: { readonly ip4: number; readonly ip6: number }): Promise<boolean> {
    const hosts = await this.#lookups.find(target, "MX");
    if (hosts.length > MOST_HOSTS) throw new Stopped("permerror", `MX ${target}: more than ${MOST_HOSTS} hosts`);
    for (const host of hosts) {
      // RFC 7505: "." says that there is none.
      if (host !== "" && host !== "." && this.#isOneOf(await this.#addresses(host), lengths)) return true;
    }
    return false;
  }

  async #isNamed(target: string): Promise<boolean> {
    const wanted = target.replace(/\.$/, "").toLowerCase();
    return (await this.#names()).some((name) => name === wanted || name.endsWith(`.${wanted}`));
  }

  #names(): Promise<readonly string[]> {
    return (this.#validated ??= this.#validate());
  }

  /** RFC 7208 §5.5: a failure is no name, and nobody's fault but the client's. */
  async #validate(): Promise<readonly string[]> {
    const { octets } = this.#facts;
    const pointers = await this.#lookups.ask(reversedName(octets), "PTR");
    if (pointers.kind !== "found") return [];
    const names: string[] = [];
    for (const { data } of pointers.records.slice(0, MOST_HOSTS)) {
      const found = await this.#lookups.ask(data, octets.length === 4 ? "A" : "AAAA");
      if (found.kind !== "found") continue;
      const addresses = found.records.map((record) => record.data);
      if (this.#isOneOf(addresses, { ip4: 32, ip6: 128 })) names.push(data.replace(/\.$/, "").toLowerCase());
    }
    return names;
  }

  /** A name for the DNS; of one that is too long the left labels go (RFC 7208 §7.3). */
  async #expand(parts: MacroString, domain: string): Promise<string> {
    const expanded = await expandMacros(parts, (letter) => this.#value(letter, domain));
    let name = expanded.replace(/\.$/, "").toLowerCase();
    while (name.length > LONGEST_NAME && name.includes(".")) name = name.slice(name.indexOf(".") + 1);
    return name;
  }

  #value(letter: MacroLetter, domain: string): string | Promise<string> {
    const { octets, local, origin, helo } = this.#facts;
    switch (letter) {
      case "s":
        return `${local}@${origin}`;
      case "l":
        return local;
      case "o":
        return origin;
      case "d":
        return domain;
      case "i":
        return dotted(octets);
      case "p":
        return this.#names().then((names) => bestName(names, domain));
      case "v":
        return octets.length === 4 ? "in-addr" : "ip6";
      case "h":
        return helo;
      case "c":
        return octets.length === 4 ? dotted(octets) : readable(octets);
      case "r":
        return this.#environment.hostName;
      default:
        return String(Math.floor(this.#environment.clock.now() / 1000));
    }
  }

  /** What cannot be had is not said (RFC 7208 §6.2). */
  async #explain(where: MacroString, domain: string): Promise<string | undefined> {
    try {
      const answer = await this.#lookups.ask(await this.#expand(where, domain), "TXT");
      if (answer.kind !== "found" || answer.records.length !== 1) return undefined;
      const text = readMacroString(answer.records[0].data, "explanation");
      const said = text && (await expandMacros(text, (letter) => this.#value(letter, domain)));
      return said && /^[ -~]*$/.test(said) ? said.slice(0, LONGEST_EXPLANATION) : undefined;
    } catch (error) {
      if (error instanceof Stopped) return undefined;
      throw error;
    }
  }
}

/** RFC 7208 §7.3: the domain itself, else a name below it, else any. */
function bestName(names: readonly string[], domain: string): string {
  return (
    names.find((name) => name === domain) ?? names.find((name) => name.endsWith(`.${domain}`)) ?? names[0] ?? "unknown"
  );
}

/** An address of IPv6 as people write it. */
function readable(octets: IpOctets): string {
  const groups = Array.from({ length: 8 }, (_, i) => ((octets[2 * i] << 8) | octets[2 * i + 1]).toString(16));
  return new URL(`http://[${groups.join(":")}]/`).hostname.slice(1, -1);
}
