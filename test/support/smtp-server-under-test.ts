/** Starts a listener on a free port of loopback for one test, and closes it and its clients afterwards. */
import type { PortOptions } from "../../src/config/config.ts";
import { openSmtpServer, type SmtpListener } from "../../src/smtpd/server.ts";
import { type FakeBehaviour, fakePort, type FakeServices, fakeServices } from "./fake-smtp-services.ts";
import { SmtpDialogue } from "./smtp-dialogue.ts";

export interface UnderTest {
  readonly services: FakeServices;
  readonly listener: SmtpListener;
  /** A client that has connected and has not read its greeting. */
  readonly connect: () => Promise<SmtpDialogue>;
  /** A client that was greeted. */
  readonly greeted: () => Promise<SmtpDialogue>;
  /** A client that has said EHLO. */
  readonly introduced: () => Promise<SmtpDialogue>;
  /** A client that may send its message: MAIL, RCPT and DATA were accepted. */
  readonly sending: (...recipients: string[]) => Promise<SmtpDialogue>;
}

export async function withServer(
  behaviour: FakeBehaviour & { port?: Partial<PortOptions> },
  test: (subject: UnderTest) => Promise<void>,
): Promise<void> {
  const services = fakeServices(behaviour);
  const listener = await openSmtpServer(fakePort(behaviour.port), services);
  const clients: SmtpDialogue[] = [];
  const subject: UnderTest = {
    services,
    listener,
    async connect() {
      const client = await SmtpDialogue.open(listener.boundPort);
      clients.push(client);
      return client;
    },
    async greeted() {
      const client = await subject.connect();
      await client.reply();
      return client;
    },
    async introduced() {
      const client = await subject.greeted();
      await client.ask("EHLO client.example.test");
      return client;
    },
    async sending(...recipients) {
      const client = await subject.introduced();
      await client.ask("MAIL FROM:<a@example.test>");
      for (const recipient of recipients.length > 0 ? recipients : ["joe"]) await client.ask(`RCPT TO:<${recipient}>`);
      await client.ask("DATA");
      return client;
    },
  };
  try {
    await test(subject);
  } finally {
    for (const client of clients) client.destroy();
    await listener.close(1);
  }
}
