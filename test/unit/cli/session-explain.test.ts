/** What a session answers to RCPT, and what explain says about the same address: over random sites, as a client who may relay. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type Explanation, explainInForce } from "../../../src/analysis/explain.ts";
import { clientOf, endsOf } from "../../../src/cli/session/client.ts";
import { play } from "../../../src/cli/session/play.ts";
import { readScript } from "../../../src/cli/session/script.ts";
import { openTrialSite } from "../../../src/cli/session/trial-site.ts";
import { compileMc } from "../../../src/mc/compile.ts";
import { Trial } from "../../../src/smtpd/trial.ts";
import { fuzz, type Random } from "../../support/fuzz.ts";
import { randomSite, siteFiles } from "../../support/random-sites.ts";

const folder = mkdtempSync(join(tmpdir(), "session-explain-"));
const before = process.env.RULEMAIL_MACHINE;

beforeAll(() => {
  writeFileSync(join(folder, "machine.json"), JSON.stringify({ hostName: "mail.example.test", nameServers: [] }));
  process.env.RULEMAIL_MACHINE = join(folder, "machine.json");
  for (const [name, text] of Object.entries(siteFiles)) writeFileSync(join(folder, name), text);
  writeFileSync(join(folder, "aliases"), "list: joe, ann@remote.test\n");
  writeFileSync(join(folder, "passwd"), "joe:x:1000:1000::/home/joe:/bin/sh\n");
});
afterAll(() => {
  if (before === undefined) delete process.env.RULEMAIL_MACHINE;
  else process.env.RULEMAIL_MACHINE = before;
  rmSync(folder, { recursive: true, force: true });
});

const USERS = ["joe", "list", "nobody", "joe+detail", "info", "Joe", "root", "a.b", '"j q"'];
const HOSTS =
  "mail.example.test,virt.test,tab.test,x.sub.test,loc.test,err.test,remote.test,lr0.test,lnc.test,[192.0.2.9]";
const ODD = [
  "joe",
  "list",
  "nobody",
  "joe%remote.test@mail.example.test",
  "remote.test!joe",
  "joe@uuh.uucp",
  "@x.test:joe@y.test",
];

function addresses(random: Random): string[] {
  const hosts = HOSTS.split(",");
  const some = Array.from({ length: 8 }, () => `${USERS[random(USERS.length)]}@${hosts[random(hosts.length)]}`);
  return [...new Set([...some, ODD[random(ODD.length)], ODD[random(ODD.length)]])];
}

/** The answer to RCPT that an explanation foretells, without the mailbox. */
function foretold({ outcome, local }: Explanation): string {
  if (outcome.kind === "error" || outcome.kind === "later") return replyOf(outcome.reply);
  if (local?.kind === "unknown") return "550 5.1.1 User unknown";
  return local?.reply === undefined ? "250 2.1.5 Recipient ok" : replyOf(local.reply);
}

function replyOf({ code, enhanced, text }: { code: number; enhanced?: string; text: string }): string {
  return `${code}${enhanced === undefined ? "" : ` ${enhanced}`} ${text}`;
}

interface Compared {
  readonly address: string;
  readonly session: string;
  readonly explain: string;
}

/** Those recipients whom no check ruleset refuses. */
async function compared(file: string, asked: readonly string[]): Promise<Compared[]> {
  const trialSite = await openTrialSite({
    file,
    elsewhere: true,
    names: ["none", "remote.test MX 10 mx.remote.test", "mx.remote.test A 192.0.2.3"],
    asksFilters: false,
    tell: () => undefined,
  });
  try {
    const { site, witness } = trialSite;
    const script = ["@client 127.0.0.1", "@name localhost", "EHLO localhost", "MAIL FROM:<>"];
    const said = asked.map((address) => `RCPT TO:<${address}>`);
    const { settings, speaker } = readScript("-", [...script, ...said, ""].join("\n"));
    const client = clientOf(settings);
    const log: string[] = [];
    const port = trialSite.port(undefined);
    const trial = new Trial(trialSite.services(client, log), port, endsOf(client, port));
    const results: Compared[] = [];
    for await (const each of play({ trial, witness, client, log, explains: new Set() }, speaker)) {
      const address = /^RCPT TO:<(.*)>$/.exec(each.said)?.[1];
      const isJudged = each.testimonies.some(({ ruleset, answer }) => ruleset === "check_rcpt" && answer.kind !== "ok");
      if (address === undefined || isJudged || each.cause === "earlier" || trial.session.transaction === undefined)
        continue;
      const told = await explainInForce(site.config, { address, role: "recipient" }, site);
      const session = (each.replies[0] ?? "").replace(`<${address}>... `, "");
      results.push({ address, session, explain: foretold(told) });
    }
    return results;
  } finally {
    await trialSite.close();
  }
}

test("explain foretells what RCPT is answered", async () => {
  const seen = new Map<string, number>();
  await fuzz(8, async (random, note) => {
    const own = `define(\`ALIAS_FILE', \`${folder}/aliases')define(\`confMAILBOX_DATABASE', \`passwd:${folder}/passwd')dnl\n`;
    const text = randomSite(random)
      .replaceAll("@DIR@", folder)
      .replace(/^MAILER\(/m, `${own}MAILER(`);
    note(text);
    const { text: cf } = compileMc({ file: join(folder, "random.mc"), text });
    const file = join(folder, "random.cf");
    writeFileSync(file, cf, "latin1");
    for (const { address, session, explain } of await compared(file, addresses(random))) {
      expect([address, session]).toEqual([address, explain]);
      const code = session.slice(0, 3);
      seen.set(code, (seen.get(code) ?? 0) + 1);
    }
  });
  // Not everything went one way.
  expect(Math.min(seen.get("250") ?? 0, seen.get("550") ?? 0)).toBeGreaterThan(5);
});
