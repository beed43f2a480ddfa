/** Where the keys are that a command of `rulemail dkim` works on, and what is known of them. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type KeyFiles, keyFilesWith, KeyProblem } from "../../authentication/signing/key-files.ts";
import {
  type DomainKeys,
  folderDomains,
  type FolderKey,
  readDomainKeys,
} from "../../authentication/signing/key-folder.ts";
import { readKeyTable } from "../../authentication/signing/key-tables.ts";
import { asciiDomain, wordsOf } from "../../authentication/signing/names.ts";
import { readPrivateKey } from "../../authentication/signing/private-key.ts";
import { ALWAYS } from "../../authentication/signing/selector-dates.ts";
import { errorText } from "../../sys/safe-file.ts";
import { EX } from "../../sys/sysexits.ts";
import { ownConfigFile } from "../config-file.ts";
import { CommandError } from "../database-target.ts";
import { optionValues } from "../option-lines.ts";

/** As FEATURE(dkim_sign) has it. */
const USUAL_FOLDER = "/etc/mail/dkim";

export interface KeyPlace {
  /** The folder of keys. */
  readonly folder: string;
  readonly dontBlame: ReadonlySet<string>;
  /** DKIMSelectors; empty: all. */
  readonly selectors: ReadonlySet<string>;
  /** DKIMKeyTable; absent: there is none. */
  readonly keyTable?: string;
  /** Why the server would not sign with what lies there, or not with all. */
  readonly note?: string;
}

/**
 * @param configFile -C
 * @param folder -k
 */
export function keyPlace(configFile: string | undefined, folder: string | undefined): KeyPlace {
  if (folder !== undefined) return { folder, dontBlame: new Set(), selectors: new Set() };
  const file = ownConfigFile({ configFile });
  if (configFile === undefined && !existsSync(file)) {
    const note = "there is no configuration yet";
    return { folder: USUAL_FOLDER, dontBlame: new Set(), selectors: new Set(), note };
  }
  try {
    const dontBlame = new Set(optionValues(file, "DontBlameSendmail").flatMap((value) => value.split(/[\s,]+/)));
    const selectors = new Set(wordsOf((optionValues(file, "DKIMSelectors").at(-1) ?? "").toLowerCase()));
    const named = optionValues(file, "DKIMKeys").at(-1)?.trim() ?? "";
    const table = optionValues(file, "DKIMKeyTable").at(-1)?.trim() ?? "";
    const known = { dontBlame, selectors, ...(table !== "" && { keyTable: table }) };
    if (named !== "" || table !== "") return { ...known, folder: named || USUAL_FOLDER };
    return { folder: USUAL_FOLDER, dontBlame, selectors, note: `${file} sets no DKIMKeys: add FEATURE(\`dkim_sign')` };
  } catch (error) {
    throw new CommandError(`rulemail dkim: ${file}: ${errorText(error)}`, EX.NOINPUT);
  }
}

export interface Named extends DomainKeys {
  /** The domain's own folder. */
  readonly folder: string;
}

/** A domain as it was typed. */
export function wantedDomain(word: string): string {
  const domain = asciiDomain(Buffer.from(word, "utf8").toString("latin1"));
  if (domain === undefined) throw new CommandError(`rulemail dkim: "${word}" is no domain`, EX.USAGE);
  return domain;
}

/** The keys of one domain, none when it has no folder. Throws KeyProblem. */
export function keysOf({ folder, dontBlame }: KeyPlace, domain: string): Named {
  const files = keyFilesWith(dontBlame);
  const name = folderDomains(files, folder).get(domain) ?? domain;
  const own = join(folder, name);
  return { ...readDomainKeys(files, own, domain), folder: own };
}

/** Those of all domains, or of the one that is named, which has to be there. */
export function chosenDomains(place: KeyPlace, word: string | undefined): readonly Named[] {
  const found = foundDomains(place, word);
  if (found.length > 0) return found;
  const what = word === undefined ? `no keys in ${place.folder}` : `no keys of ${word} in ${place.folder}`;
  throw new CommandError(
    `rulemail dkim: there are ${what}: rulemail dkim new ${word ?? "DOMAIN"} makes some`,
    EX.NOUSER,
  );
}

/** The same, none where there is none. */
export function foundDomains(place: KeyPlace, word: string | undefined): readonly Named[] {
  const known = [...folderDomains(keyFilesWith(place.dontBlame), place.folder).keys()].toSorted();
  const chosen = word === undefined ? known : [wantedDomain(word)];
  return chosen.map((domain) => keysOf(place, domain)).filter(({ keys }) => keys.length > 0);
}

/** What DKIMKeyTable names, by the domain that signs; "%" stands for that of the sender. Throws KeyProblem. */
export function tableKeys({ keyTable, dontBlame }: KeyPlace, word: string | undefined): readonly DomainKeys[] {
  if (keyTable === undefined) return [];
  const files = keyFilesWith(dontBlame);
  const wanted = word === undefined ? undefined : wantedDomain(word);
  return [...readKeyTable(files, keyTable).values()]
    .filter(({ domain }) => wanted === undefined || domain === wanted)
    .map(({ domain, selector, path }) => ({ domain, keys: [{ ...ALWAYS, selector, path, ...keyAt(files, path) }] }));
}

function keyAt(files: KeyFiles, path: string): Pick<FolderKey, "privateKey" | "problem"> {
  if (path.includes("%")) return {};
  try {
    return { privateKey: readPrivateKey(files, path) };
  } catch (error) {
    if (error instanceof KeyProblem) return { problem: error.message };
    throw error;
  }
}
