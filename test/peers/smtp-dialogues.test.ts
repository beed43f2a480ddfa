/**
 * The recorded replies of test/golden/smtp are those of a genuine sendmail: all dialogues are held again.
 * RECORD=1 writes them anew (look at the difference before committing).
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { cases, type Site, sites } from "../golden/smtp/cases.ts";
import type { Held } from "../support/dialogues.ts";
import { runInside } from "../support/foreign-programs.ts";
import { peerDescribe } from "../support/peers.ts";
import {
  ACCOUNTS,
  makeSmtpSite,
  readSmtpRecorded,
  smtpGolden,
  smtpSiteDefinitions,
} from "../support/smtp-golden-site.ts";

/** Where the site lies inside: sendmail wants no folder above it that others may write. */
const SITE = "/mnt/site";
const LIBRARY = "/usr/share/sendmail/cf/";
const dialogues = join(import.meta.dirname, "..", "support", "dialogues.ts");

peerDescribe("dialogues with the SMTP port", ["sendmail", "m4", "root"], () => {
  test("genuine sendmail says what was recorded", () => {
    const held = askGenuine();
    if (process.env["RECORD"] !== undefined) {
      writeFileSync(join(smtpGolden, "recorded.jsonl"), held.map((each) => `${JSON.stringify(each)}\n`).join(""));
    }
    expect(held.map(({ name }) => name)).toEqual(cases.map(({ name }) => name));
    expect(new Map(held.map(({ name, said }) => [name, said]))).toEqual(readSmtpRecorded());
  }, 300_000);
});

/** A daemon for each site, in namespaces of their own. */
function askGenuine(): Held[] {
  const folder = mkdtempSync(join(tmpdir(), "dialogues-"));
  try {
    mkdirSync(join(folder, "site"));
    makeSmtpSite(join(folder, "site"));
    const names = Object.keys(sites) as Site[];
    const ports = names.map((name, index) => `'${name}=${2500 + index}'`).join(" ");
    const script = `
set -eu
umask 022
cp -a ${folder}/site ${SITE}
chown -R 0:0 ${SITE}
printf '%s' '${ACCOUNTS}' >>/etc/passwd
${names.map((name, index) => daemon(name, index)).join("\n")}
${names.map((_name, index) => `until bash -c ': </dev/tcp/127.0.0.1/${2500 + index}' 2>/dev/null; do kill -0 $!; sleep 0.1; done`).join("\n")}
${process.execPath} --no-warnings ${dialogues} ${ports}
`;
    writeFileSync(join(folder, "script"), script);
    const { status, stdout, stderr } = runInside("shell", `. ${folder}/script`, false);
    if (status !== 0) throw new Error(`genuine sendmail could not be asked: ${stderr}`);
    return stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Held);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function daemon(name: Site, index: number): string {
  const words = smtpSiteDefinitions(name, SITE, 2500 + index).map(([key, value]) => `'-D${key}=${value}'`);
  return `
m4 -D_CF_DIR_=${LIBRARY} ${words.join(" ")} ${LIBRARY}m4/cf.m4 ${smtpGolden}/site.mc >${SITE}/${index}.cf
${index === 0 ? `sendmail -C ${SITE}/0.cf -bi >&2` : ""}
sendmail -C ${SITE}/${index}.cf -bD >/dev/null 2>${SITE}/${index}.err &`;
}
