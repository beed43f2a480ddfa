/**
 * A reload under way: sessions, messages and deliveries that have begun end with the configuration that they began with
 * (promise 5 of docs/architecture.md), and the next ones get the new one.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { type DnsServer, startDnsServer } from "../support/dns-server.ts";
import { eventually, MailServer } from "../support/mail-server.ts";
import { SmtpClient } from "../support/smtp-client.ts";

let dns: DnsServer;
const servers: MailServer[] = [];

beforeAll(async () => {
  dns = await startDnsServer({ "slow.test": ["A 127.0.0.5"], "mail.example.test": ["A 127.0.0.2"] });
});
afterAll(() => dns.close());
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.remove()));
});

/** A next hop that keeps the answer to the end of a message back until it is told to give it. */
async function slowHop(): Promise<{ port: number; atEnd: Promise<void>; answer(): void; close(): void }> {
  const atEnd = Promise.withResolvers<void>();
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    let data = false;
    socket.setEncoding("latin1").on("error", () => undefined);
    socket.write("220 slow.test\r\n");
    socket.on("data", (text: string) => {
      for (const line of text.split("\r\n").slice(0, -1)) {
        if (data && line === ".") atEnd.resolve();
        else if (line.startsWith("DATA")) socket.write("354 go on\r\n");
        else if (!data) socket.write("250 ok\r\n");
        data ||= line.startsWith("DATA");
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.5", resolve));
  const address = server.address();
  return {
    port: typeof address === "object" ? (address?.port ?? 0) : 0,
    atEnd: atEnd.promise,
    answer: () => sockets.forEach((socket) => socket.write("250 taken\r\n")),
    close: () => {
      sockets.forEach((socket) => socket.destroy());
      server.close();
    },
  };
}

async function session(server: MailServer): Promise<SmtpClient> {
  const { client } = await SmtpClient.open(server.port);
  await client.command("EHLO client.test");
  return client;
}

/** Puts a second configuration in force: other header field, no recipient is good, logs more. */
async function reload(server: MailServer): Promise<void> {
  const file = join(server.home, "sendmail.cf");
  const first = readFileSync(file, "latin1");
  const rule = 'SLocal_check_rcpt\nR$*\t$#error $@ 5.7.1 $: "550 the second configuration takes nobody"\n';
  writeFileSync(file, `${first.replace("HX-Site: first", "HX-Site: second")}\n${rule}`);
  server.signal("SIGHUP");
  await eventually("the second configuration", () => /sendmail\.cf in force/.test(server.log()));
}

describe("a reload", () => {
  test("lets sessions, messages and deliveries end with the configuration that they began with", async () => {
    const hop = await slowHop();
    const mc = ["LOCAL_CONFIG", "HX-Site: first"].join("\n");
    const mailer = `define(\`ESMTP_MAILER_ARGS', \`TCP $h ${hop.port}')dnl`;
    const server = await MailServer.start({ mc: `${mailer}\n${mc}`, machine: dns.machine() });
    servers.push(server);
    // A delivery that waits for its answer, a session between RCPT and DATA, a message in the middle of DATA.
    const sender = await session(server);
    await sender.send("alice@mail.example.test", ["x@slow.test"], "Subject: delivery\r\n\r\nbody");
    await hop.atEnd;
    const between = await session(server);
    await between.command("MAIL FROM:<alice@mail.example.test>");
    expect(await between.command("RCPT TO:<alice@mail.example.test>")).toMatch(/^250/);
    const amid = await session(server);
    await amid.command("MAIL FROM:<bob@mail.example.test>");
    await amid.command("RCPT TO:<bob@mail.example.test>");
    await amid.command("DATA");
    amid.write("Subject: in the middle\r\n\r\nfirst half\r\n");

    await reload(server);

    const { client: late } = await SmtpClient.open(server.port);
    await late.command("EHLO client.test");
    await late.command("MAIL FROM:<bob@mail.example.test>");
    expect(await late.command("RCPT TO:<bob@mail.example.test>")).toBe(
      "550 5.7.1 <bob@mail.example.test>... the second configuration takes nobody",
    );
    expect(await between.command("RCPT TO:<bob@mail.example.test>")).toMatch(/^250/);
    await between.command("DATA");
    between.write("Subject: between\r\n\r\nbody\r\n.\r\n");
    expect(await between.reply()).toMatch(/^250 2\.0\.0/);
    amid.write("second half\r\n.\r\n");
    expect(await amid.reply()).toMatch(/^250 2\.0\.0/);
    hop.answer();
    await eventually("the delivery's outcome", () => /to=<?x@slow\.test>?.*stat=Sent \(taken\)/.test(server.log()));
    const mails = await eventually("three mails", () => {
      const all = [...server.mailbox("alice"), ...server.mailbox("bob")];
      return all.length === 3 ? all : undefined;
    });
    for (const mail of mails) expect(mail).toContain("X-Site: first");
    for (const each of [sender, between, amid, late]) each.close();
    hop.close();
  });

  test("keeps ports that are open when another cannot be opened, and says so", async () => {
    const server = await MailServer.start({ machine: dns.machine() });
    servers.push(server);
    const file = join(server.home, "sendmail.cf");
    writeFileSync(file, `${readFileSync(file, "latin1")}\nO DaemonPortOptions=Name=Other,Addr=203.0.113.1,Port=2525\n`);
    server.signal("SIGHUP");
    await eventually("the complaint", () => /cannot open a port: .*203\.0\.113\.1/.test(server.log()));
    const client = await session(server);
    expect(await client.send("", ["alice@mail.example.test"], "Subject: still here\r\n\r\n")).toMatch(/^250/);
    client.close();
  });
});

test("memory, descriptors and live sites are the same after many reloads as after a few", () => {
  const cycles = Number(process.env["RELOADS"] ?? 60);
  const script = join(import.meta.dirname, "../support/reload-cycles.ts");
  const run = spawnSync(process.execPath, ["--expose-gc", "--no-warnings", script, String(cycles)], {
    encoding: "utf8",
  });
  expect(run.stderr).toBe("");
  const { few, many } = JSON.parse(run.stdout) as Record<
    "few" | "many",
    { memory: number; open: number; sites: number }
  >;
  expect(many.sites).toBe(1);
  expect(many.open).toBe(few.open);
  // A configuration takes about 500 KB; what grows in a young process, a tenth of that, does so for a while only.
  expect(many.memory - few.memory).toBeLessThan(cycles * 50_000);
}, 120_000);
