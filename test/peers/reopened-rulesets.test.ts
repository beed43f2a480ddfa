/**
 * A site that opens a ruleset of the library once more, to add rules: they run where they run in the original, in front of
 * the library's or behind them, for the addresses that come as far. Every name that both libraries have is opened, in both
 * places where sites do it, with rules that show when they ran; what comes out must be the same.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect } from "@jest/globals";
import { folderForTables, runInside } from "../support/foreign-programs.ts";
import { type Random, fuzz } from "../support/fuzz.ts";
import { peerTest } from "../support/peers.ts";

const ROUNDS = 2;
const PATIENCE_MS = 300_000;

const NAMES =
  "canonify Canonify2 parse Parse0 Parse1 ParseLocal MailerToTriple CanonLocal localaddr final Recurse MasqHdr MasqEnv " +
  "EnvFromL EnvToL HdrFromL HdrToL AddDomain EnvFromSMTP EnvToSMTP HdrFromSMTP MasqSMTP MasqRelay PseudoToReal FromU EnvToU " +
  "HdrToU EnvFromUD EnvFromUUD CanonAddr ParseRecipient Rcpt_ok Relay_ok Basic_check_mail Basic_check_rcpt check_mail " +
  "check_rcpt RelayTLS tls_client";

const SETTINGS = [
  ["define(`UUCP_RELAY', `uucp-new:uu.test')", "define(`UUCP_RELAY', `uu.test')"],
  ["define(`BITNET_RELAY', `bit.test')"],
  ["define(`SMART_HOST', `relay:smart.test')"],
  ["define(`LUSER_RELAY', `luser.test')", "define(`MAIL_HUB', `hub.test')", "define(`LOCAL_RELAY', `lr.test')"],
  ["MASQUERADE_AS(`masq.test')"],
  ["FEATURE(`allmasquerade')"],
  ["FEATURE(`masquerade_envelope')"],
  ["FEATURE(`always_add_domain')"],
  ["FEATURE(`nocanonify')"],
  ["FEATURE(`nouucp', `nospecial')"],
  ["FEATURE(`accept_unresolvable_domains')"],
  ["FEATURE(`preserve_local_plus_detail')"],
  ["FEATURE(`local_no_masquerade')"],
];
const PLACES = ["LOCAL_RULESETS", "MAILER_DEFINITIONS"];

/** Some let what they see go on, with a mark; one ends there. */
const RULES = [
  "R$* < @ $* mark.test . > $*\t$: $1 < @ $2 marked.test . > $3",
  "R$* seen $*\t$: $1 seen x $2",
  "R$* stop $*\t$@ $1 stopped $2",
].join("\n");
/** And for those that may refuse. */
const REFUSE = 'R$* bad $*\t$#error $@ 5.7.1 $: "550 bad"\n';

const ADDRESSES = ["seen", "stop"].flatMap((user) =>
  ["", "@other.test", "@mx.example.com", "@x.UUCP", "@x.BITNET"].map((host) => user + host).concat(`a!${user}`),
);
const TRIED = [...ADDRESSES, "u@mark.test", "root", "l:;"];
const QUESTIONS = [
  ...TRIED.flatMap((each) => ["3,0", "3,4"].map((ruleset) => `${ruleset} ${each}`)),
  "5 seen",
  "5 stop",
  ...["bad", "bad@other.test", "bad@mx.example.com", "<>"].flatMap((each) => [
    `check_mail ${each}`,
    `check_rcpt ${each}`,
  ]),
  ...["HS", "ES", "HR", "ER"].flatMap((flags) => [
    `/tryflags ${flags}`,
    ...["local", "esmtp", "relay", "uucp-old", "uucp-uudom"].flatMap((mailer) =>
      TRIED.map((each) => `/try ${mailer} ${each}`),
    ),
  ]),
];

let folder = "";
beforeEach(() => {
  folder = folderForTables(".reopened-rulesets-");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const SCRIPT = `
cf=/usr/share/sendmail/cf
for site in "$1"/*/; do
  cd "$site" || exit 72
  m4 -D_CF_DIR_=$cf/ $cf/m4/cf.m4 site.mc >theirs.cf 2>theirs.said
  /usr/sbin/sendmail -bt -C "$site"theirs.cf <"$1/questions" >theirs 2>&1
  "$2/bin/rulemail" mc -k site.mc >ours.cf 2>ours.said
  "$2/bin/sendmail" -bt -C "$site"ours.cf <"$1/questions" >ours 2>&1
done
true`;

/** A site with one ruleset opened again. */
function siteWith(name: string, random: Random): string {
  const chosen = SETTINGS.filter(() => random(3) === 0).map((lines) => lines[random(lines.length)]);
  return [
    "divert(0)dnl",
    "OSTYPE(`linux')",
    "define(`confDOMAIN_NAME', `mx.example.com')",
    ...chosen,
    ..."local smtp uucp".split(" ").map((mailer) => `MAILER(\`${mailer}')`),
    PLACES[random(PLACES.length)],
    `S${name}`,
    RULES,
    /check|_ok$/.test(name) ? REFUSE : "",
  ].join("\n");
}

/** The last result of each question; of check rulesets only whether, and how, they refuse. */
function answers(file: string): string[] {
  const parts = readFileSync(file, "latin1").split(/^(?:> )*Unknown "\/" command \/@@.*\n/m);
  expect(parts).toHaveLength(QUESTIONS.length + 1);
  return QUESTIONS.map((question, index) => {
    const last = parts[index].split("\n").findLast((line) => /returns:|^Rcode/.test(line)) ?? "";
    const result = last.replace(/^.*returns: */, "").trim();
    return question.startsWith("check_") && !result.startsWith("$# error") ? "accepted" : result;
  });
}

peerTest(
  "rules that a site adds to rulesets of the library run where they ran",
  ["sendmail", "m4"],
  async () => {
    const sites: string[] = [];
    await fuzz(ROUNDS, (random) => void sites.push(...NAMES.split(" ").map((name) => siteWith(name, random))));
    writeFileSync(join(folder, "questions"), QUESTIONS.map((question) => `${question}\n/@@\n`).join(""));
    const places = sites.map((site, index) => {
      const place = join(folder, String(index).padStart(5, "0"));
      mkdirSync(place);
      writeFileSync(join(place, "site.mc"), site);
      return place;
    });
    const script = `set -- ${JSON.stringify(folder)} ${JSON.stringify(join(import.meta.dirname, "../.."))}\n${SCRIPT}`;
    expect(runInside("shell", script)).toMatchObject({ status: 0 });
    let ran = 0;
    for (const [index, site] of sites.entries()) {
      const [theirs, ours] = [answers(join(places[index], "theirs")), answers(join(places[index], "ours"))];
      ran += theirs.some((answer) => /seen\W+x|stopped|marked|550 bad/.test(answer)) ? 1 : 0;
      const apart = QUESTIONS.flatMap((question, at) =>
        theirs[at] === ours[at] ? [] : [`${question}\n  theirs: ${theirs[at]}\n  ours:   ${ours[at]}`],
      );
      if (apart.length > 0) throw new Error(`${site}\n${apart.slice(0, 10).join("\n")}`);
    }
    // Not every ruleset is asked by every site, but most are.
    expect(ran).toBeGreaterThan(sites.length / 2);
  },
  PATIENCE_MS,
);
