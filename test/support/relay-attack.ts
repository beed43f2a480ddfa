/**
 * `relay-attack.ts FOLDER`, in a network where 203.0.113.77 and 192.0.2.25 are addresses of this machine: each configuration
 * that comes with the program serves SMTP at the one, and the other tries to send through it. A line of JSON for each: the
 * number of addresses that were tried, and what was taken for somewhere else.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { silentLog } from "../../src/log/log.ts";
import { reply } from "../../src/mail/reply.ts";
import { rulesetJudges } from "../../src/reception/ruleset-judges.ts";
import type { Transaction } from "../../src/reception/transaction.ts";
import { openSmtpServer } from "../../src/smtpd/server.ts";
import { fakePort, fakeServices } from "./fake-smtp-services.ts";
import { relayShapes } from "./relay-shapes.ts";
import { FRIEND, isHarmless, openShipped, type Taken, waysOf } from "./relay-trial.ts";
import { SmtpDialogue } from "./smtp-dialogue.ts";

const SERVER = "192.0.2.25";
const STRANGER = "203.0.113.77";
const [folder] = process.argv.slice(2);

for (const name of readdirSync(join(import.meta.dirname, "../../cf")).filter((each) => each.endsWith(".mc"))) {
  const site = await openShipped(name, [], join(folder, name));
  let taken: Taken[] = [];
  const begin = async (transaction: Transaction) => {
    taken = await waysOf(site, transaction);
    return {
      id: "ID",
      write: () => undefined,
      finish: () => Promise.resolve(reply(250, "2.0.0", "ok")),
      abort: () => undefined,
    };
  };
  const listener = await openSmtpServer(fakePort({ address: "0.0.0.0" }), {
    ...fakeServices(),
    site: () => site,
    judges: rulesetJudges,
    log: silentLog,
    intake: { begin },
    identify: (_site, address) => ({ name: `[${address}]`, ptr: `[${address}]`, resolve: "FAIL" }),
  });
  const client = await SmtpDialogue.open(listener.boundPort, SERVER, STRANGER);
  await client.reply();
  await client.script("EHLO mx.stranger.example", "MAIL FROM:<>");
  const addresses = [FRIEND, site.session.hostName].flatMap((own) => relayShapes("victim.test", own));
  void client.raw(addresses.map(({ address }) => `RCPT TO:<${address}>\r\n`).join(""));
  for (const _ of addresses) await client.reply();
  await client.ask(`RCPT TO:<u@${FRIEND}>`);
  await client.ask("DATA");
  await client.ask("Subject: relayed?\r\n\r\nhi\r\n.");
  client.destroy();
  await listener.close(1);
  const away = taken.filter((each) => !isHarmless(each, site.session.hostName));
  process.stdout.write(`${JSON.stringify({ name, tried: addresses.length, taken: taken.length > 0, away })}\n`);
  await site.close();
}
