/** The client of a trial: from the settings of a script or a command line to what a server would see of him. */
import { isIP, isIPv4 } from "node:net";
import type { PortOptions } from "../../config/config.ts";
import type { DnsAnswer, DnsRecord, RecordType, Resolver } from "../../dns/resolver.ts";
import type { ClientIdentity } from "../../smtpd/services.ts";
import type { SupposedClient } from "../../smtpd/trial.ts";
import { isLoopback, taggedAddress } from "../../sys/ip-address.ts";
import type { MaybePromise } from "../../sys/maybe-promise.ts";
import { supposedFacts, VERIFY_WORDS } from "../../tls/supposed-facts.ts";
import type { PeerFacts, Verify } from "../../tls/peer-facts.ts";
import type { Setting, Settings } from "./script.ts";

/** A setting that says nothing sensible; whoever reads it knows where it stands. */
export class SettingError extends Error {
  readonly setting: Setting;
  /** Which of its values, from 0; -1: the last. */
  readonly index: number;

  constructor(setting: Setting, text: string, index = -1) {
    super(`${setting}: ${text}`);
    this.setting = setting;
    this.index = index;
  }
}

/** Who comes when nobody is named: a stranger from the addresses of documentation (RFC 5737), whose name is his. */
const STRANGER = { address: "192.0.2.1", name: "stranger.example" };
/** The address of ours that he reaches, where the machine has none. */
const OWN_ADDRESS = "192.0.2.25";
const SOME_PORT = 49_152;

export interface Client {
  readonly address: string;
  /** What is known of his name; undefined: it is looked up. */
  readonly identity?: ClientIdentity;
  readonly connections: number;
  readonly rate: number;
  /** He begins TLS before anything else. */
  readonly beginsTls: boolean;
  readonly tls: PeerFacts;
  readonly login?: { readonly user: string; readonly mechanism: string };
}

/** @throws SettingError */
export function clientOf(settings: Settings): Client {
  const one = (name: Setting): string | undefined => settings.get(name)?.at(-1);
  const given = one("client")?.replace(/^\[(?:IPv6:)?(.*)\]$/i, "$1");
  if (given !== undefined && isIP(given) === 0) throw new SettingError("client", `"${given}" is no IP address`);
  const address = given?.toLowerCase() ?? STRANGER.address;
  const identity = identityOf(address, given === undefined, one("name"), one("resolve"));
  const tls = one("tls");
  return {
    address,
    ...(identity === undefined ? {} : { identity }),
    connections: numberOf("connections", one("connections")),
    rate: numberOf("rate", one("rate")),
    beginsTls: tls !== undefined,
    tls: tlsOf(tls ?? "verify=NO"),
    ...loginOf(one("auth")),
  };
}

const RESOLVE = ["OK", "FAIL", "FORGED", "TEMP"] as const;

function identityOf(
  address: string,
  isStranger: boolean,
  given: string | undefined,
  resolve: string | undefined,
): ClientIdentity | undefined {
  const result = RESOLVE.find((each) => each === resolve?.toUpperCase());
  if (resolve !== undefined && result === undefined) {
    throw new SettingError("resolve", `"${resolve}" is none of ${RESOLVE.join(", ")}`);
  }
  const name = given ?? (isStranger && (result ?? "OK") === "OK" ? STRANGER.name : undefined);
  if (name === undefined && (result === undefined || result === "OK")) {
    if (result === "OK") throw new SettingError("resolve", "a client whose name is confirmed needs a name");
    return undefined;
  }
  if (name !== undefined && !/^[A-Za-z0-9._-]{1,253}$/.test(name)) {
    throw new SettingError("name", `"${name}" is no host name`);
  }
  const literal = `[${taggedAddress(address)}]`;
  if (result === "FAIL" || name === undefined) return { name: literal, ptr: literal, resolve: result ?? "FAIL" };
  // As in daemon/client-identity.ts: a name that does not lead back is not believed.
  return result === undefined || result === "OK"
    ? { name, ptr: name, resolve: "OK" }
    : { name: literal, ptr: name, resolve: result };
}

function numberOf(name: Setting, text = "1"): number {
  if (!/^[1-9][0-9]{0,8}$/.test(text)) throw new SettingError(name, `"${text}" is no number from 1 on`);
  return Number(text);
}

/** `verify=OK; cipher=ECDHE-RSA-AES128-GCM-SHA256; subject=/CN=mail.example.com; issuer=/O=Example/CN=Example CA`; a word alone is verify. */
function tlsOf(text: string): PeerFacts {
  const facts: Record<string, string> = {};
  for (const part of text.split(";").map((each) => each.trim())) {
    if (part === "") continue;
    const [, name = "verify", value = ""] = /^(?:([a-z]+)[ \t]*=)?[ \t]*(.*)$/i.exec(part) ?? [];
    const key = name.toLowerCase();
    if (!["verify", "version", "cipher", "subject", "issuer", "fingerprint"].includes(key)) {
      throw new SettingError("tls", `no ${name}; there are verify, version, cipher, subject, issuer, fingerprint`);
    }
    facts[key] = value;
  }
  const shown = facts.subject !== undefined || facts.issuer !== undefined;
  const verify = (facts.verify ?? (shown ? "OK" : "NO")).toUpperCase();
  if (!VERIFY_WORDS.includes(verify as Verify)) {
    throw new SettingError("tls", `verify="${verify}" is none of ${VERIFY_WORDS.join(", ")}`);
  }
  return supposedFacts({ ...facts, verify: verify as Verify });
}

function loginOf(text: string | undefined): Pick<Client, "login"> {
  if (text === undefined) return {};
  const [user, mechanism = "PLAIN", ...more] = text.trim().split(/[ \t]+/);
  if (more.length > 0) throw new SettingError("auth", `"${text}" is not USER or USER MECHANISM`);
  return { login: { user, mechanism: mechanism.toUpperCase() } };
}

/** What the session sees of both ends. */
export function endsOf(client: Client, port: PortOptions, interfaces: readonly string[] = []): SupposedClient {
  const { address, connections, rate, tls } = client;
  const own = isLoopback(address)
    ? address
    : (interfaces.find((each) => isIPv4(each) === isIPv4(address)) ?? OWN_ADDRESS);
  return {
    remoteAddress: address,
    remotePort: SOME_PORT,
    localAddress: own,
    localPort: port.port,
    connections,
    rate,
    totalRate: rate,
    tls,
  };
}

const TYPES: readonly RecordType[] = ["A", "AAAA", "CNAME", "MX", "NS", "PTR", "TXT"];

/**
 * Names as a script wants them: `none` (no name exists but those that are told), `NAME TYPE VALUE`, `NAME nxdomain`,
 * `NAME tempfail`. What a script says nothing about the real one is asked.
 */
export class SupposedNames implements Resolver {
  readonly #real: Resolver;
  readonly #records = new Map<string, DnsRecord[]>();
  readonly #fates = new Map<string, "nxdomain" | "tempfail">();
  #alone = false;

  /** @throws SettingError */
  constructor(real: Resolver, lines: readonly string[]) {
    this.#real = real;
    for (const [index, line] of lines.entries()) this.#add(line.trim().split(/[ \t]+/), { line, index });
  }

  #add([name, word = "", ...values]: string[], { line, index }: { line: string; index: number }): void {
    if (name === "none" && word === "") return void (this.#alone = true);
    const key = withoutDot(name);
    if (word === "nxdomain" || word === "tempfail") return void this.#fates.set(key, word);
    const type = TYPES.find((each) => each === word.toUpperCase());
    const preference = type === "MX" ? Number(values.shift()) : undefined;
    if (type === undefined || values.length === 0 || (preference !== undefined && !isPreference(preference))) {
      const forms = `none, NAME nxdomain, NAME tempfail or NAME TYPE VALUE (${TYPES.join(", ")}; MX: NUMBER NAME)`;
      throw new SettingError("dns", `"${line}" is not ${forms}`, index);
    }
    const version = { A: 4, AAAA: 6 }[type as string];
    if (version !== undefined && isIP(values.join(" ")) !== version) {
      throw new SettingError("dns", `"${values.join(" ")}" is no address that type ${type} could have`, index);
    }
    const data = type === "TXT" ? values.join(" ") : withoutDot(values.join(" "));
    const record = { name: key, type, ttl: 0, data, ...(preference === undefined ? {} : { preference }) };
    this.#records.set(key, [...(this.#records.get(key) ?? []), record]);
  }

  query(name: string, type: RecordType): MaybePromise<DnsAnswer> {
    const key = withoutDot(name);
    const known = this.#records.get(key);
    const fate = this.#fates.get(key);
    if (fate === "tempfail") return { kind: "tempfail", reason: "no answer, as @dns wants it" };
    if (known !== undefined) {
      const records = known.filter((each) => each.type === type);
      return records.length > 0
        ? { kind: "found", records, canonicalName: key, secure: false }
        : { kind: "nodata", canonicalName: key };
    }
    return fate === "nxdomain" || this.#alone ? { kind: "nxdomain" } : this.#real.query(name, type);
  }
}

/** Of an MX record: 16 bits (RFC 1035 section 3.3.9). */
function isPreference(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 65_535;
}

function withoutDot(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
}
