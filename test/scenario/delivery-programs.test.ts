/** Whose rights a local mailer's program has when the server was started as root: F=S, U=, and a program that speaks LMTP. */
import { chmodSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "@jest/globals";
import { eventually, MailServer } from "../support/mail-server.ts";
import { sendMail } from "../support/smtp-client.ts";

const asRoot = process.getuid?.() === 0 ? describe : describe.skip;
const LMTP = join(import.meta.dirname, "../support/lmtp-program.mjs");
const USERS = ["joe", "ann", "eve"];

let server: MailServer | undefined;
afterEach(() => server?.remove());

/** @param mc of the local mailer; OUT is a file that everybody may write, NODE this Node */
async function start(mc: string): Promise<string> {
  const home = mkdtempSync(join(tmpdir(), "mail-"));
  chmodSync(home, 0o755);
  const accounts = USERS.map((user, number) => `${user}:x:${52_001 + number}:${52_001 + number}::/:/bin/sh\n`);
  writeFileSync(join(home, "passwd"), accounts.join(""));
  const out = join(home, "out");
  writeFileSync(out, "");
  chmodSync(out, 0o666);
  const lda = join(home, "lda");
  writeFileSync(lda, `#!/bin/sh\ncat >/dev/null\necho "$1 $(id -u):$(id -g)" >>${out}\n`, { mode: 0o755 });
  chmodSync(lda, 0o755);
  const lines = mc
    .replaceAll("OUT", out)
    .replaceAll("LDA", lda)
    .replaceAll("LMTP", LMTP)
    .replaceAll("NODE", process.execPath);
  server = await MailServer.start({ home, mc: lines });
  chmodSync(home, 0o755);
  return out;
}

async function deliver(out: string, wanted: number): Promise<string[]> {
  const to = USERS.map((user) => `${user}@mail.example.test`);
  expect(await sendMail(server!.port, "sender@mail.example.test", to, "Subject: x\r\n\r\nbody\r\n")).toMatch(/^250/);
  const lines = () => (existsSync(out) ? readFileSync(out, "utf8").trim().split("\n") : []);
  await eventually("all lines", () => lines().length >= wanted);
  return lines().toSorted();
}

/** The mailer of cf/standalone.mc, as another program. */
const local = (flags: string, args: string, path = "LDA"): string => `
define(\`LOCAL_MAILER_PATH', \`${path}')dnl
define(\`LOCAL_MAILER_ARGS', \`${args}')dnl
define(\`LOCAL_MAILER_FLAGS', \`${flags}')dnl
define(\`confDEF_USER_ID', \`1:1')dnl`;

asRoot("the program of the local mailer", () => {
  test.each([
    ["F=S: root, for each of its users", "Pn9mS", ["ann 0:0", "eve 0:0", "joe 0:0"]],
    ["without: DefaultUser", "Pn9m", ["ann 1:1", "eve 1:1", "joe 1:1"]],
    ["F=o: the recipient", "Pn9o", ["ann 52002:52002", "eve 52003:52003", "joe 52001:52001"]],
  ])("%s", async (_name, flags, wanted) => {
    // One process for each word of $u, as a program with F=m gets them together.
    const out = await start(local(flags.replace("m", ""), "lda $u"));
    expect(await deliver(out, 3)).toEqual(wanted);
  });

  test.each([
    ["F=S: root", "SPXmnz9", "uid 0 gid 0 groups 0"],
    ["without: DefaultUser", "PXmnz9", "uid 1 gid 1 groups 1"],
  ])("speaking LMTP, %s", async (_name, flags, who) => {
    const out = await start(local(flags, "node LMTP OUT", "NODE"));
    const lines = await deliver(out, 5);
    expect(lines).toContain(who);
    expect(lines.filter((line) => / \d+$/.test(line) && !line.startsWith("uid"))).toHaveLength(3);
    expect(lines).toContain("PATH /usr/local/bin:/usr/bin:/bin");
  });
});
