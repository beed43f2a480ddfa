/** The first start of the shipped server: TLS and logins are there, with a certificate that the next start keeps. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, test } from "@jest/globals";
import { MailServer } from "../support/mail-server.ts";
import { SmtpDialogue } from "../support/smtp-dialogue.ts";
import { handshake } from "../support/tls-client.ts";

/** Commands that hand in a message. */
const MESSAGE = [
  "MAIL FROM:<alice@mail.example.test>",
  "RCPT TO:<bob@mail.example.test>",
  "DATA",
  "Subject: t\r\n\r\nt\r\n.",
];
const PLAIN = Buffer.from("\0alice\0correct horse").toString("base64");

/** What `rulemail status` says, without what is different each time. */
async function status(server: MailServer, ...words: readonly string[]): Promise<string> {
  const { out } = await server.run("rulemail", ["status", ...words]);
  return out
    .replaceAll(/since [-0-9T:.]+Z/g, "since then")
    .replace(/^pid: .*\n/, "")
    .replace(/[0-9]+ messages/, "some");
}

/** Replies of the submission port, in clear and inside TLS; `during` is asked before the session ends. */
async function submit(
  server: MailServer,
  certificate: string,
  lines: readonly string[] = [],
  during: () => Promise<void> = () => Promise.resolve(),
): Promise<string[]> {
  const client = await SmtpDialogue.open(server.submissionPort);
  try {
    await client.reply();
    const clear = await client.ask("EHLO c.test");
    await client.ask("STARTTLS");
    const socket = await handshake(client, {
      ca: certificate,
      servername: "mail.example.test",
      rejectUnauthorized: true,
    });
    const inside = [String(socket.authorized), await client.ask("EHLO c.test")];
    for (const line of lines) inside.push(await client.ask(line));
    await during();
    return [clear, ...inside];
  } finally {
    client.socket.destroy();
  }
}

test("a first start offers STARTTLS, and AUTH to users with a password; a second one keeps the certificate and what logins have sent", async () => {
  const table = join(mkdtempSync(join(tmpdir(), "limits-")), "login_limits");
  writeFileSync(table, "alice:messages/h=1\n", { mode: 0o600 });
  const mc = `FEATURE(\`login_limits', \`text -k0 -v1 -z: ${table}')`;
  let server = await MailServer.start({ certified: true, mc });
  const { home } = server;
  try {
    const files = (): string[] =>
      ["server.pem", "server.key"].map((name) => readFileSync(join(home, "certs", name), "utf8"));
    const [certificate, key] = files();
    let told: string[] = [];
    const added = await server.run("rulemail", ["passwd", "add", "alice"], "correct horse\n");
    expect(added).toEqual({ code: 0, out: "", err: "" });
    const [clear, trusted, inside, login] = await submit(
      server,
      certificate,
      [`AUTH PLAIN ${PLAIN}`, ...MESSAGE],
      async () => {
        const other = await SmtpDialogue.open(server.port);
        await other.reply();
        told = [await status(server, "--sessions"), await status(server, "--json")];
        other.destroy();
      },
    );
    expect(clear).toMatch(/^250.STARTTLS$/m);
    expect(clear).not.toMatch(/^250.AUTH.*PLAIN/m);
    expect([trusted, inside]).toEqual(["true", expect.stringMatching(/^250.AUTH.* PLAIN/m)]);
    expect(login.slice(0, 3)).toBe("235");
    expect(told[0].split("\n")).toEqual([
      "state: 2 sessions, some in the queue, 2 ports",
      "TLS: 1 TLSv1.3, 1 in clear",
      "logins: alice (1)",
      expect.stringMatching(/^MTA: localhost \[127\.0\.0\.1\], in clear, since then$/),
      "MSA: localhost [127.0.0.1], TLSv1.3, cipher=TLS_AES_256_GCM_SHA384, verify=NO, alice by PLAIN, since then",
      "",
    ]);
    expect(JSON.parse(told[1])).toMatchObject({
      queued: expect.any(Number),
      sessions: [
        { port: "MTA", since: expect.any(Number) },
        { tls: { version: "TLSv1.3", verify: "NO" }, login: { user: "alice", mechanism: "PLAIN" } },
      ],
    });
    await server.stop();
    expect(server.log()).toContain(`STARTTLS=server: ${home}/certs/server.pem is a test certificate`);
    server = await MailServer.start({ certified: true, home });
    expect(files()).toEqual([certificate, key]);
    const [, again, , back, more] = await submit(server, certificate, [`AUTH PLAIN ${PLAIN}`, MESSAGE[0]]);
    expect([again, back, more]).toEqual([
      "true",
      expect.stringMatching(/^235 /),
      expect.stringMatching(/^450 4\.7\.1 /),
    ]);
  } finally {
    await server.remove();
    rmSync(dirname(table), { recursive: true });
  }
});
