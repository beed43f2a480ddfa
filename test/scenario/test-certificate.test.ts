/** The first start of the shipped server: TLS and logins are there, with a certificate that the next start keeps. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { MailServer } from "../support/mail-server.ts";
import { SmtpDialogue } from "../support/smtp-dialogue.ts";
import { handshake } from "../support/tls-client.ts";

const PLAIN = Buffer.from("\0alice\0correct horse").toString("base64");

/** Replies of the submission port, in clear and inside TLS. */
async function submit(server: MailServer, certificate: string, ...lines: readonly string[]): Promise<string[]> {
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
    return [clear, ...inside];
  } finally {
    client.socket.destroy();
  }
}

test("a first start offers STARTTLS, and AUTH to users with a password; a second one keeps the certificate", async () => {
  let server = await MailServer.start({ certified: true });
  const { home } = server;
  try {
    const files = (): string[] =>
      ["server.pem", "server.key"].map((name) => readFileSync(join(home, "certs", name), "utf8"));
    const [certificate, key] = files();
    const added = await server.run("rulemail", ["passwd", "add", "alice"], "correct horse\n");
    expect(added).toEqual({ code: 0, out: "", err: "" });
    const [clear, trusted, inside, login] = await submit(server, certificate, `AUTH PLAIN ${PLAIN}`);
    expect(clear).toMatch(/^250.STARTTLS$/m);
    expect(clear).not.toMatch(/^250.AUTH.*PLAIN/m);
    expect([trusted, inside]).toEqual(["true", expect.stringMatching(/^250.AUTH.* PLAIN/m)]);
    expect(login.slice(0, 3)).toBe("235");
    await server.stop();
    expect(server.log()).toContain(`STARTTLS=server: ${home}/certs/server.pem is a test certificate`);
    server = await MailServer.start({ certified: true, home });
    expect(files()).toEqual([certificate, key]);
    expect((await submit(server, certificate))[1]).toBe("true");
  } finally {
    await server.remove();
  }
});
