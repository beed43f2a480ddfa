/** Socket activation: a server takes the sockets that whoever started it listens at, and serves who waits there. */
import { createServer, type Server } from "node:net";
import { expect, test } from "@jest/globals";
import { eventually, MailServer } from "../support/mail-server.ts";
import { SmtpDialogue } from "../support/smtp-dialogue.ts";

async function listening(): Promise<{ readonly server: Server; readonly fd: number; readonly port: number }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const { fd } = (server as unknown as { readonly _handle: { readonly fd: number } })._handle;
  return { server, fd, port: typeof address === "object" ? address!.port : 0 };
}

test("a port takes the socket of its name; a socket that no port wants is closed, with a word", async () => {
  const [mta, stray] = [await listening(), await listening()];
  const mail = await MailServer.start({ sockets: { MTA: mta.fd, stray: stray.fd } });
  // From here on only the server listens there.
  mta.server.close();
  stray.server.close();
  try {
    expect(mail.port).toBe(mta.port);
    const client = await SmtpDialogue.open(mta.port);
    expect(await client.reply()).toMatch(/^220 /);
    await client.script("EHLO x", "QUIT");
    client.destroy();
    const closed = `no DaemonPortOptions is about the socket 127.0.0.1:${stray.port} (stray) that the server was started with: it is closed`;
    await eventually("the word in the log", () => mail.log().includes(closed));
    await expect(SmtpDialogue.open(stray.port)).rejects.toMatchObject({ code: "ECONNREFUSED" });
  } finally {
    await mail.remove();
  }
});
