/** Each .mc that comes with the program is tried at home with one command: it takes a message and brings it somewhere. */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, test } from "@jest/globals";
import { startDnsServer } from "../support/dns-server.ts";
import { eventually } from "../support/mail-server.ts";
import { SmtpClient } from "../support/smtp-client.ts";
import { SmtpSink } from "../support/smtp-sink.ts";

const root = join(import.meta.dirname, "../..");

interface Trial {
  readonly recipient: string;
  /** Delivered to a mailbox here, or relayed. */
  readonly goes: "here" | "away";
  /** Files of the home, as an administrator would write them. */
  readonly files?: Readonly<Record<string, string>>;
}

/** File in cf/ → a message to it. */
const TRIALS: Readonly<Record<string, Trial>> = {
  "gateway.mc": {
    recipient: "joe@example.com",
    goes: "away",
    files: {
      "relay-domains": "example.com\n",
      mailertable: "example.com\tesmtp:[10.0.0.5]\n",
      access: "GreetPause:127.0.0.1\t0\n",
    },
  },
  "mailhub.mc": {
    recipient: "info@example.org",
    goes: "here",
    files: {
      "virtual-domains": "example.org\n",
      virtusertable: "info@example.org\talice\n",
    },
  },
  "nullclient.mc": { recipient: "root", goes: "away" },
  "smarthost.mc": { recipient: "ann@example.net", goes: "away" },
  "standalone.mc": { recipient: "alice", goes: "here" },
  "submission.mc": { recipient: "ann@example.net", goes: "away" },
  "uucp.mc": { recipient: "alice", goes: "here" },
};

test("every shipped .mc has a trial", () => {
  expect(Object.keys(TRIALS)).toEqual(
    readdirSync(join(root, "cf"))
      .filter((name) => name.endsWith(".mc"))
      .toSorted(),
  );
});

test.each(Object.entries(TRIALS))("bin/start cf/%s", async (name, { recipient, goes, files = {} }) => {
  // Nobody but its owner may enter the folder above, as it is with /root: mail arrives all the same.
  const above = mkdtempSync(join(tmpdir(), "rulemail-trial-"));
  const home = join(above, "var");
  mkdirSync(home);
  const dns = await startDnsServer({ "example.net": ["MX 10 mx.example.net"], "mx.example.net": ["A 192.0.2.1"] });
  await using sink = await SmtpSink.start();
  writeFileSync(join(home, "hosts"), `127.0.0.1 localhost\n127.0.0.2 mail.example.test mail\n`);
  const machine = {
    hostName: "mail.example.test",
    hostsFile: join(home, "hosts"),
    nameServers: [{ address: dns.address, port: dns.port }],
    attempts: 1,
    timeout: 1,
  };
  writeFileSync(join(home, "machine.json"), JSON.stringify(machine));
  for (const [file, text] of Object.entries(files)) writeFileSync(join(home, file), text, { mode: 0o600 });
  const child = spawn(join(root, "bin/rulemail"), ["start", "-p", "0", "-r", String(sink.port), join("cf", name)], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    env: {
      PATH: process.env["PATH"],
      RULEMAIL_HOME: home,
      RULEMAIL_MACHINE: join(home, "machine.json"),
      RULEMAIL_READY_FD: "3",
    },
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (text: Buffer) => (said += text.toString()));
  try {
    const ready = await Promise.race([firstLine(child.stdio[3] as NodeJS.ReadableStream), ended]);
    if (typeof ready !== "string") throw new Error(said);
    const { addresses } = JSON.parse(ready) as { addresses: { address: string; port: number }[] };
    expect(addresses.map(({ address }) => address)).toEqual(addresses.map(() => "127.0.0.1"));
    const { client } = await SmtpClient.open(addresses[0].port);
    const replies: string[] = [];
    for (const line of [
      "EHLO localhost",
      "MAIL FROM:<>",
      `RCPT TO:<${recipient}>`,
      "DATA",
      "Subject: trial\r\n\r\nhello\r\n.",
      "QUIT",
    ])
      replies.push((await client.command(line)).slice(0, 3));
    expect([replies, said]).toEqual([["250", "250", "250", "354", "250", "221"], said]);
    if (goes === "away") await sink.received(1);
    else await eventually("mail for alice", () => mailOf(home, "alice")[0]);
    expect(said).not.toMatch(/will not arrive|pid file/);
    // All that the configuration names lies below the home.
    const elsewhere = readFileSync(join(home, "sendmail.cf"), "latin1")
      .replaceAll(home, "HOME")
      .match(/^[FKOMQ][^#\n]*[ :=]\/(?:etc\/mail|var|run)\b.*$/gm);
    expect(elsewhere).toBe(null);
    expect(readFileSync(join(home, "sendmail.cf"), "latin1")).toContain(`\nO PidFile=${home}/`);
    const owners = readFileSync(join(home, "passwd"), "utf8")
      .split("\n")
      .filter((line) => line !== "");
    expect(owners.map((line) => line.split(":")[2])).not.toContain("0");
  } finally {
    child.kill();
    await ended;
    await dns.close();
    rmSync(above, { recursive: true, force: true });
  }
});

function mailOf(home: string, user: string): string[] {
  const folder = join(home, "mail", user, "new");
  return existsSync(folder) ? readdirSync(folder) : [];
}

async function firstLine(stream: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: stream })) return line;
  return "";
}
