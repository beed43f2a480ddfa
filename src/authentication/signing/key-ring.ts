/**
 * Which keys sign for an address, now: the tables' where there are tables, else those of its domain in the key folder, or of the
 * nearest domain above it. One ring for each configuration; a folder of a domain is read when its mail leaves for the first time.
 */
import { join } from "node:path";
import type { Config } from "../../config/config.ts";
import { dontBlameOf } from "../../config/policies.ts";
import type { SigningKey } from "../dkim/sign.ts";
import { type DomainKeys, folderDomains, readDomainKeys, signingAt } from "./key-folder.ts";
import { type KeyFiles, keyFilesWith, KeyProblem } from "./key-files.ts";
import { type KeyTableEntry, readKeyTable, readSigningTable, type SigningTable } from "./key-tables.ts";
import { asciiDomain, domainAndParents } from "./names.ts";
import { type PrivateKey, readPrivateKey } from "./private-key.ts";
import { type SigningSettings, signingSettings } from "./settings.ts";

export type KeyChoice =
  | { readonly kind: "keys"; readonly keys: readonly SigningKey[]; readonly problems: readonly string[] }
  /** The domain is not ours. */
  | { readonly kind: "none" }
  /** It is, and no key of it can be used. */
  | { readonly kind: "failed"; readonly reason: string };

type KeySource = Pick<Config, "options" | "sealed" | "lastGood">;

/** The keys of a configuration; undefined where it names none. */
export function openKeyRing({ options, sealed, lastGood }: KeySource): KeyRing | undefined {
  const settings = signingSettings(options);
  return settings && new KeyRing(settings, keyFilesWith(dontBlameOf(options), sealed, lastGood));
}

/** What is wrong with them, in words for whoever starts a server. */
export function keyProblems(config: KeySource): readonly string[] {
  const problems = openKeyRing(config)?.problems() ?? [];
  const { options } = config;
  if (options.text("ARCSeal") === "" || options.text("SenderChecks").split(" ").includes("arc")) return problems;
  return [...problems, "ARCSeal is set, but SenderChecks does not name arc: nothing is sealed"];
}

/** Domains whose keys are read at a start: a server with ten thousand of them has to greet its clients in time all the same. */
const MOST_LOOKED_AT = 300;

export class KeyRing {
  readonly #settings: SigningSettings;
  readonly #files: KeyFiles;
  readonly #domains = new Map<string, DomainKeys | KeyProblem>();
  readonly #read = new Map<string, PrivateKey | KeyProblem>();
  #folder: ReadonlyMap<string, string> | undefined;
  #tables: { readonly keys: ReadonlyMap<string, KeyTableEntry>; readonly signing: SigningTable } | undefined;

  constructor(settings: SigningSettings, files: KeyFiles) {
    this.#settings = settings;
    this.#files = files;
  }

  /**
   * @param address user@domain as it stands in From
   * @param now milliseconds since the epoch
   */
  keysFor(address: string, now: number): KeyChoice {
    const domain = asciiDomain(address.slice(address.lastIndexOf("@") + 1));
    if (domain === undefined) return { kind: "none" };
    const named = this.#namedDomain(domain);
    if (named === false) return { kind: "none" };
    const user = address.slice(0, address.lastIndexOf("@"));
    const choice = this.#tryToChoose(`${user}@${domain}`, domain, now);
    if (choice.kind !== "none" || named === undefined) return choice;
    return { kind: "failed", reason: `DKIMDomains names ${named}, and there is no key for ${domain}` };
  }

  /** The keys of a domain, whatever DKIMDomains says. */
  keysOf(domain: string, now: number): KeyChoice {
    return this.#tryToChoose(`@${domain}`, domain, now);
  }

  /** What is wrong with files, for whoever starts the server; about the rest the log says it when mail leaves. */
  problems(): readonly string[] {
    const found: string[] = [];
    const noting = (work: () => void): void => {
      try {
        work();
      } catch (error) {
        if (!(error instanceof KeyProblem)) throw error;
        found.push(error.message);
      }
    };
    const { folder, keyTable } = this.#settings;
    noting(() => {
      if (keyTable === "") return;
      const { keys, signing } = this.#readTables();
      for (const name of signing.names) {
        if (!keys.has(name)) found.push(`DKIMSigningTable names the key ${name}, which is not in DKIMKeyTable`);
      }
      for (const { path } of keys.values()) if (!path.includes("%")) noting(() => void this.#file(path));
    });
    noting(() => {
      if (folder === "") return;
      if (this.#files.list(folder) === undefined) {
        found.push(`DKIMKeys: there is no folder ${folder}: nothing is signed (rulemail dkim new DOMAIN makes keys)`);
      }
      for (const domain of [...this.#folderDomains().keys()].slice(0, MOST_LOOKED_AT)) {
        noting(() => {
          for (const { problem } of this.#domain(domain).keys) if (problem !== undefined) found.push(problem);
        });
      }
    });
    return [...found, ...this.#files.stale];
  }

  /** The domain of DKIMDomains that this one is, or lies below; undefined: all are good; false: it is none of them. */
  #namedDomain(domain: string): string | undefined | false {
    const { domains } = this.#settings;
    if (domains.size === 0) return undefined;
    for (const each of domainAndParents(domain)) if (domains.has(each)) return each;
    return false;
  }

  #tryToChoose(address: string, domain: string, now: number): KeyChoice {
    try {
      const choice = this.#choose(address, domain, now);
      const { stale } = this.#files;
      if (choice.kind !== "keys" || stale.length === 0) return choice;
      return { ...choice, problems: [...choice.problems, ...stale] };
    } catch (error) {
      if (error instanceof KeyProblem) return { kind: "failed", reason: error.message };
      throw error;
    }
  }

  #choose(address: string, domain: string, now: number): KeyChoice {
    const { keyTable, folder } = this.#settings;
    const named = keyTable === "" ? undefined : this.#fromTables(address, domain);
    if (named !== undefined && named.kind !== "none") return named;
    return folder === "" ? { kind: "none" } : this.#fromFolder(domain, now);
  }

  #fromFolder(domain: string, now: number): KeyChoice {
    const known = this.#folderDomains();
    for (const each of domainAndParents(domain)) {
      if (!known.has(each)) continue;
      const keys = this.#domain(each);
      const problems = keys.keys.flatMap(({ problem }) => problem ?? []);
      const signing = signingAt(keys, now, this.#settings.selectors);
      if (signing.length === 0) {
        const reason = problems[0] ?? `no key of ${each} signs now (rulemail dkim list ${each})`;
        return { kind: "failed", reason };
      }
      const chosen = signing.map(({ selector, privateKey }) => ({ domain: each, selector, key: privateKey.key }));
      return { kind: "keys", keys: chosen, problems };
    }
    return { kind: "none" };
  }

  #fromTables(address: string, domain: string): KeyChoice {
    const { keys, signing } = this.#readTables();
    const names = signing.find(address);
    if (names.length === 0) return { kind: "none" };
    const chosen: SigningKey[] = [];
    const problems: string[] = [];
    for (const name of names) {
      const entry = keys.get(name);
      if (entry === undefined) problems.push(`DKIMKeyTable has no key ${name}`);
      else {
        try {
          const { key } = this.#file(entry.path.replaceAll("%", domain));
          chosen.push({ domain: entry.domain === "%" ? domain : entry.domain, selector: entry.selector, key });
        } catch (error) {
          if (!(error instanceof KeyProblem)) throw error;
          problems.push(error.message);
        }
      }
    }
    return chosen.length === 0
      ? { kind: "failed", reason: problems[0] ?? `no key for ${address}` }
      : { kind: "keys", keys: chosen, problems };
  }

  #folderDomains(): ReadonlyMap<string, string> {
    return (this.#folder ??= folderDomains(this.#files, this.#settings.folder));
  }

  #domain(domain: string): DomainKeys {
    const name = this.#folderDomains().get(domain) ?? domain;
    return remembered(this.#domains, domain, () =>
      readDomainKeys(this.#files, join(this.#settings.folder, name), domain),
    );
  }

  #file(path: string): PrivateKey {
    return remembered(this.#read, path, () => readPrivateKey(this.#files, path));
  }

  #readTables(): { readonly keys: ReadonlyMap<string, KeyTableEntry>; readonly signing: SigningTable } {
    const { keyTable, signingTable } = this.#settings;
    if (signingTable === "")
      throw new KeyProblem("DKIMKeyTable is set without DKIMSigningTable: nothing says who gets which key");
    return (this.#tables ??= {
      keys: readKeyTable(this.#files, keyTable),
      signing: readSigningTable(this.#files, signingTable),
    });
  }
}

/** What was wrong once stays wrong until the next reload: a file is not opened anew for each message. */
function remembered<T extends object>(known: Map<string, T | KeyProblem>, key: string, read: () => T): T {
  let found = known.get(key);
  if (found === undefined) {
    try {
      found = read();
    } catch (error) {
      if (!(error instanceof KeyProblem)) throw error;
      found = error;
    }
    known.set(key, found);
  }
  if (found instanceof KeyProblem) throw found;
  return found;
}
