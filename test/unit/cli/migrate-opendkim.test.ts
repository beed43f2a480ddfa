/** `rulemail migrate --from opendkim`: an opendkim.conf as lines that compile, and what cannot be carried over. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { runMigrate } from "../../../src/cli/migrate/command.ts";
import { compileMc } from "../../../src/mc/compile.ts";
import { runCommand } from "../../support/command.ts";

let folder: string;
let file: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "opendkim-"));
  file = join(folder, "opendkim.conf");
});
afterAll(() => rmSync(folder, { recursive: true }));

async function migrated(text: string) {
  writeFileSync(file, text);
  const { status, output, errors } = await runCommand(runMigrate, ["--from", "opendkim", file]);
  const lines = output
    .split("\n")
    .filter((line) => line.startsWith("  "))
    .map((line) => line.slice(2));
  return { status, errors, lines: lines.map((line) => line.replaceAll(folder, "")) };
}

test("tables stay where they are", async () => {
  const text =
    "# Debian's\nSyslog yes\nMode\ts   # signs alone\nKeyTable file:/etc/opendkim/KeyTable\nSigningTable refile:/etc/opendkim/SigningTable\n" +
    "Canonicalization relaxed/relaxed\nOversignHeaders From,Subject\nOmitHeaders X-Mailer\nSignatureTTL 604800\nInternalHosts 127.0.0.1, ::1\nOn-InternalError accept\n";
  const { status, errors, lines } = await migrated(text);
  expect([status, errors]).toEqual([0, ""]);
  expect(lines).toEqual([
    "define(`confDKIM_OVERSIGN', `From Subject')dnl",
    "define(`confDKIM_HEADERS', `-X-Mailer')dnl",
    "define(`confDKIM_EXPIRE', `604800s')dnl",
    "define(`confDKIM_FAILURE', `unsigned')dnl",
    "FEATURE(`dkim_sign', `table /etc/opendkim/KeyTable refile:/etc/opendkim/SigningTable')dnl",
  ]);
  const { text: cf, diagnostics } = compileMc({
    file: "x.mc",
    text: `OSTYPE(\`linux')dnl\n${lines.join("\n")}\nMAILER(\`smtp')dnl\n`,
  });
  expect(diagnostics).toEqual([]);
  for (const option of [
    "DKIMOversign=From Subject",
    "DKIMHeaders=-X-Mailer",
    "DKIMExpire=604800s",
    "DKIMFailure=unsigned",
  ])
    expect(cf).toContain(`\nO ${option}\n`);
  expect(cf).toContain("\nO DKIMSigningTable=refile:/etc/opendkim/SigningTable\n");
});

test("one key for domains, by a file that another one includes", async () => {
  writeFileSync(
    join(folder, "keys.conf"),
    "Domain a.test, b.test\nKeyFile /etc/dkimkeys/mail.private\nAuthservID mx.a.test\n",
  );
  const { status, lines } = await migrated("Include keys.conf\nSelector mail\n");
  expect([status, lines]).toEqual([
    0,
    [
      "define(`confAUTH_SERV_ID', `mx.a.test')dnl",
      "define(`confSENDER_CHECKS', `dkim')dnl",
      "FEATURE(`dkim_sign')dnl",
      "install -D -m 600 /etc/dkimkeys/mail.private /etc/mail/dkim/a.test/mail.private",
      "install -D -m 600 /etc/dkimkeys/mail.private /etc/mail/dkim/b.test/mail.private",
    ],
  ]);
});

test("what cannot be carried over is said, with its line", async () => {
  const { status, lines } = await migrated(
    "Mode sv\nDomain a.test\nCanonicalization relaxed/simple\nTrustAnchorFile /usr/share/dns/root.key\nMTA MSA\nSignHeaders *,+X\nNonsense 1\n",
  );
  expect(status).toBe(1);
  expect(lines.filter((line) => line.startsWith("/")).map((line) => line.replace(/^(\S+ \S+ \S+).*/, "$1"))).toEqual([
    "/opendkim.conf:3: Canonicalization relaxed/simple:",
    "/opendkim.conf:4: TrustAnchorFile /usr/share/dns/root.key:",
    "/opendkim.conf:5: MTA MSA:",
    "/opendkim.conf:6: SignHeaders *,+X:",
    "/opendkim.conf:7: Nonsense 1:",
    "/opendkim.conf:2: Domain a.test:",
  ]);
});

test("a key table in a database, and one without a signing table", async () => {
  expect((await migrated("KeyTable dsn:mysql://x\nSigningTable /s\n")).lines).toContainEqual(
    expect.stringMatching(/^\/opendkim\.conf:1: KeyTable dsn:mysql:\/\/x: only files are read/),
  );
  expect((await migrated("KeyTable /k\n")).lines).toContainEqual(
    expect.stringMatching(/:1: KeyTable \/k: there is no/),
  );
});

test("files that are not there, or include each other", async () => {
  expect(await runCommand(runMigrate, ["--from", "opendkim", join(folder, "none")])).toMatchObject({ status: 66 });
  writeFileSync(file, `Include ${file}\n`);
  expect(await runCommand(runMigrate, ["--from", "opendkim", file])).toMatchObject({ status: 65 });
});
