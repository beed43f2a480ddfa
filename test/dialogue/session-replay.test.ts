/** `rulemail session` answers as the port does: the dialogues of test/golden/smtp, as scripts. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { clientOf, endsOf } from "../../src/cli/session/client.ts";
import { type Exchange, play } from "../../src/cli/session/play.ts";
import { readScript, written } from "../../src/cli/session/script.ts";
import { openTrialSite, type TrialSite } from "../../src/cli/session/trial-site.ts";
import { compileMc } from "../../src/mc/compile.ts";
import { Trial } from "../../src/smtpd/trial.ts";
import { cases, type Dialogue, type Site, sites } from "../golden/smtp/cases.ts";
import { expected } from "../golden/smtp/differences.ts";
import { comparable } from "../support/dialogues.ts";
import { makeSmtpSite, readSmtpRecorded, smtpGolden, smtpSiteDefinitions } from "../support/smtp-golden-site.ts";

const recorded = readSmtpRecorded();
const folder = mkdtempSync(join(tmpdir(), "replay-"));
const names = Object.keys(sites) as Site[];
const opened = new Map<Site, TrialSite>();
const before = process.env.RULEMAIL_MACHINE;

beforeAll(async () => {
  makeSmtpSite(folder);
  writeFileSync(join(folder, "machine.json"), JSON.stringify({ hostName: "mail.example.test", nameServers: [] }));
  process.env.RULEMAIL_MACHINE = join(folder, "machine.json");
  for (const name of names) {
    const definitions = Object.fromEntries([
      ...smtpSiteDefinitions(name, folder, 0),
      ["SITE_MAILBOXES", `passwd:${join(folder, "passwd")}`] as const,
    ]);
    const { text } = compileMc({ file: join(smtpGolden, "site.mc") }, { defines: definitions });
    const file = join(folder, `${name.replace(" ", "-")}.cf`);
    writeFileSync(file, text, "latin1");
    const said: string[] = [];
    const wishes = {
      elsewhere: false,
      names: ["none"],
      asksFilters: false,
      tell: (line: string) => void said.push(line),
    };
    opened.set(name, await openTrialSite({ file, ...wishes }));
    expect(said).toEqual([]);
  }
});

afterAll(async () => {
  for (const site of opened.values()) await site.close();
  if (before === undefined) delete process.env.RULEMAIL_MACHINE;
  else process.env.RULEMAIL_MACHINE = before;
  rmSync(folder, { recursive: true, force: true });
});

/** The lines of a dialogue as a script; what follows DATA is its message where it is taken. */
function scriptOf({ lines }: Dialogue, said: readonly string[]): string {
  const script = lines.map((line, index) => {
    const isMessage = index > 0 && said[index]?.startsWith("354");
    return isMessage ? line.replaceAll("\r\n", "\n") : written(line);
  });
  return `${["@client 127.0.0.1", "@name localhost", ...script].join("\n")}\n`;
}

async function replayed(dialogue: Dialogue, said: readonly string[]): Promise<Exchange[]> {
  const site = opened.get(dialogue.site)!;
  const { settings, speaker } = readScript(dialogue.name, scriptOf(dialogue, said));
  const client = clientOf(settings);
  const port = site.port(undefined);
  const log: string[] = [];
  const trial = new Trial(site.services(client, log), port, endsOf(client, port));
  const exchanges: Exchange[] = [];
  const stage = { trial, witness: site.witness, client, log, explains: new Set<"MAIL" | "RCPT">() };
  for await (const each of play(stage, speaker)) exchanges.push(each);
  return exchanges;
}

/** Of the 600 dialogues with the plain site one in twelve: this is about the way, not about the verbs; all that have DATA where it is refused. */
function isReplayed({ site, name }: Dialogue, index: number): boolean {
  return site !== "plain" || name.endsWith(": DATA") || index % 12 === 0;
}

describe.each(names)("site %s", (site) => {
  const ours = cases.filter(isReplayed).filter((each) => each.site === site);
  test.each(ours.map((dialogue) => [dialogue.name, dialogue] as const))("%s", async (name, dialogue) => {
    const wanted = expected(dialogue, recorded.get(name)!);
    const exchanges = await replayed(dialogue, wanted);
    const said = exchanges.filter(({ kind }) => kind !== "unsaid").flatMap(({ replies }) => replies);
    expect(said.map(comparable)).toEqual(wanted.filter((reply) => reply !== ""));
  });
});
