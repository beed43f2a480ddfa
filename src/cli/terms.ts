/**
 * `rulemail --worker terms WORD`: reads a configuration with root's rights and prints its terms (daemon/terms-of.ts). Started by
 * the root helper at a reload, with the word that the server gave while it was root; lives for this one answer.
 */
import { termsOf } from "../daemon/terms-of.ts";
import { readTermsWord } from "../daemon/terms-word.ts";
import { Dns2Resolver } from "../dns/dns2-resolver.ts";
import { silentLog } from "../log/log.ts";
import { openSite } from "../site/open-site.ts";
import { systemClock } from "../sys/clock.ts";
import { readMachine } from "../sys/machine.ts";
import { EX } from "../sys/sysexits.ts";

export async function printTerms([word = ""]: readonly string[]): Promise<number> {
  const { source, runAs } = readTermsWord(word);
  const machine = readMachine();
  const clock = systemClock;
  const surroundings = { machine, clock, log: silentLog, resolver: new Dns2Resolver({ machine, clock }) };
  const opened = await openSite(source, surroundings, () => ({ close: () => undefined }));
  for (const text of opened.messages) process.stderr.write(`${text}\n`);
  if (opened.kind === "failed") return opened.exit === EX.OK ? EX.CONFIG : opened.exit;
  const { site, exit } = opened;
  if (exit === EX.OK) process.stdout.write(JSON.stringify(await termsOf(site.config, site.users, runAs)));
  await site.close();
  return exit;
}
