/** `rulemail setup`: what it writes can be started as it is, takes mail, and lets its first user send; nothing is written over. */
import { type ChildProcess, spawn } from "node:child_process";
import {
  appendFileSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type DnsServer, startDnsServer } from "../support/dns-server.ts";
import { eventually, whyNotUnprivileged } from "../support/mail-server.ts";
import { SmtpDialogue } from "../support/smtp-dialogue.ts";
import { handshake } from "../support/tls-client.ts";

const bin = join(import.meta.dirname, "../../bin");
const NOBODY = 65_534;
const unable = whyNotUnprivileged();
/** An ordinary user, also where root runs the tests. */
const user = process.getuid?.() === 0 && unable === "" ? { uid: NOBODY, gid: NOBODY } : {};

const folder = mkdtempSync(join(tmpdir(), "setup-"));
if ("uid" in user) chownSync(folder, NOBODY, NOBODY);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const machine = join(folder, "machine.json");
let dns: DnsServer;
beforeAll(async () => {
  dns = await startDnsServer({ "example.test": ["MX 10 mx.example.test"], "mx.example.test": ["A 192.0.2.25"] });
  writeFileSync(machine, JSON.stringify(dns.machine({ hostName: "mail.example.test", hostsFile: "/dev/null" })));
});
afterAll(() => dns.close());

function environment(root: string): NodeJS.ProcessEnv {
  const home = join(root, "var/spool/rulemail");
  return { PATH: process.env.PATH, TZ: "UTC", LC_ALL: "C", RULEMAIL_HOME: home, RULEMAIL_MACHINE: machine };
}

/** The name server is in this process: it has to go on meanwhile. */
async function run(name: string, words: readonly string[], root: string, input = "") {
  const child = spawn(join(bin, name), words, { env: environment(root), ...user });
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => void (out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => void (err += chunk.toString()));
  child.stdin.end(input);
  const status = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { out, err, status };
}

function setup(root: string, words: readonly string[], input?: string) {
  const all = ["setup", "--root", root, "--no-doctor", "--ports", "0,0,0", ...words, "example.test"];
  return run("rulemail", all, root, input);
}

interface Running {
  readonly child: ChildProcess;
  readonly ports: ReadonlyMap<string, number>;
}

function start(root: string): Promise<Running> {
  const child = spawn(join(bin, "sendmail"), ["-bD", "-C", join(root, "etc/mail/sendmail.cf")], {
    env: { ...environment(root), RULEMAIL_READY_FD: "3" },
    stdio: ["ignore", "ignore", "pipe", "pipe"],
    ...user,
  });
  return new Promise((resolve, reject) => {
    let errors = "";
    child.stderr?.on("data", (chunk: Buffer) => void (errors += chunk.toString()));
    child.once("exit", (status) => reject(new Error(`the server ended with ${status}: ${errors}`)));
    child.stdio[3]?.once("data", (line: Buffer) => {
      const { addresses } = JSON.parse(line.toString()) as { addresses: { name: string; port: number }[] };
      resolve({ child, ports: new Map(addresses.map(({ name, port }) => [name, port])) });
    });
  });
}

async function stop({ child }: Running): Promise<void> {
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await ended;
}

describe("two questions, typed", () => {
  const root = join(folder, "typed");
  let told: Awaited<ReturnType<typeof setup>>;
  beforeAll(async () => {
    // The first answer is none, and asked for again.
    told = await setup(root, [], "no name\nmx.example.test\nann\n");
  });

  test("it says what it wrote, who may log in, and what to publish", () => {
    expect([told.status, told.err]).toEqual([0, ""]);
    expect(told.out.match(/\]: /g)).toHaveLength(3);
    expect(told.out).toMatch(/^login {6}ann, password (?:[a-z2-9]{4}-){4}[a-z2-9]{4} /m);
    const key = readFileSync(join(root, "etc/mail/dkim/example.test/mail.private"), "utf8");
    expect(key).toContain("PRIVATE KEY");
    for (const line of [
      "example.test. IN MX 10 mx.example.test.",
      'example.test. IN TXT "v=spf1 mx -all"',
      '_dmarc.example.test. IN TXT "v=DMARC1; p=none; rua=mailto:postmaster@example.test"',
    ])
      expect(told.out.split("\n")).toContain(line);
    expect(told.out).toMatch(/^mail\._domainkey\.example\.test\. IN TXT "v=DKIM1; k=rsa; p=[^"]+" "[^"]+"$/m);
  });

  test("the server starts, takes mail for the user, and lets the user send inside TLS", async () => {
    const server = await start(root);
    try {
      const mta = await SmtpDialogue.open(server.ports.get("MTA")!);
      await mta.reply();
      const lines = [
        "EHLO c.test",
        "MAIL FROM:<>",
        "RCPT TO:<postmaster@example.test>",
        "DATA",
        "Subject: t\r\n\r\nfirst\r\n.",
      ];
      const replies: string[] = [];
      for (const line of lines) replies.push((await mta.ask(line)).slice(0, 3));
      expect(replies).toEqual(["250", "250", "250", "354", "250"]);
      mta.socket.destroy();
      const box = join(root, "var/mail/ann/new");
      const mail = await eventually("the first message", () =>
        existsSync(box)
          ? readdirSync(box)
              .map((name) => readFileSync(join(box, name), "utf8"))
              .at(0)
          : undefined,
      );
      expect(mail).toContain("\nfirst\n");

      const [, password = ""] = /password (\S+)/.exec(told.out) ?? [];
      const msa = await SmtpDialogue.open(server.ports.get("MSA")!);
      await msa.reply();
      await msa.ask("EHLO c.test");
      await msa.ask("STARTTLS");
      await handshake(msa, { rejectUnauthorized: false });
      await msa.ask("EHLO c.test");
      const plain = Buffer.from(`\0ann\0${password}`).toString("base64");
      expect(await msa.ask(`AUTH PLAIN ${plain}`)).toMatch(/^235/);
      expect(await msa.ask("MAIL FROM:<ann@example.test>")).toMatch(/^250/);
      expect(await msa.ask("RCPT TO:<friend@[127.0.0.99]>")).toMatch(/^250/);
      msa.socket.destroy();
    } finally {
      await stop(server);
    }
  });

  test("a second run knows the answers of the first, writes nothing over, and shows what it would change", async () => {
    const aliases = join(root, "etc/mail/aliases");
    appendFileSync(aliases, "team: ann\n");
    const before = readFileSync(join(root, "etc/mail/dkim/example.test/mail.private"), "utf8");
    const { out, status } = await setup(root, ["--yes"]);
    expect(status).toBe(0);
    const lines = out.split("\n");
    expect(lines.filter((line) => line.startsWith("wrote"))).toEqual([]);
    expect(lines).toContain(`kept       ${aliases}, which would be changed so:`);
    expect(lines).toContain("  -team: ann");
    expect(lines.filter((line) => line.startsWith("kept"))).toHaveLength(1);
    expect(out).not.toContain("password");
    expect(readFileSync(aliases, "utf8")).toContain("team: ann\n");
    expect(readFileSync(join(root, "etc/mail/dkim/example.test/mail.private"), "utf8")).toBe(before);
  });
});

describe("each shape compiles, is linted clean, and is what it should be:", () => {
  test.each([
    { name: "standalone", words: [], asks: "x@example.test", says: "x@example.test... User unknown" },
    { name: "mailhub", words: ["--mailhub"], asks: "ann@example.test", says: "mailer local, user ann" },
    {
      name: "smarthost",
      words: ["--smarthost", "smtp.example.net:587"],
      asks: "x@elsewhere.test",
      says: "mailer esmtp, host smtp.example.net, user x@elsewhere.test",
    },
    { name: "nullclient", words: ["--nullclient", "hub.example.net"], asks: "root", says: "host hub.example.net" },
    {
      name: "gateway",
      words: ["--gateway", "10.0.0.5"],
      asks: "x@example.test",
      says: "mailer esmtp, host [10.0.0.5], user x@example.test",
    },
  ])("$name", async ({ name, words, asks, says }) => {
    const root = join(folder, name);
    const done = await setup(root, ["--yes", "--user", "ann", ...words]);
    expect([done.status, done.err]).toEqual([0, ""]);
    const settings = join(root, "etc/mail");
    expect(await run("rulemail", ["lint", join(settings, "site.mc")], root)).toEqual({ out: "", err: "", status: 0 });
    const { out } = await run("sendmail", ["-C", join(settings, "sendmail.cf"), "-bv", asks], root);
    expect(out).toContain(says);
  });

  test("who sends is looked at, and nobody is refused for it yet", async () => {
    const script = [
      "@client 192.0.2.7",
      "@dns far.test A 192.0.2.8",
      "@dns far.test TXT v=spf1 -all",
      "EHLO c.test",
      "MAIL FROM:<joe@far.test>",
      "",
    ];
    for (const [name, said] of [
      ["standalone", "spf=fail (far.test: -all)"],
      ["gateway", "spf=fail (far.test: -all)"],
    ]) {
      const words = ["session", "-C", join(folder, name, "etc/mail/sendmail.cf"), "-"];
      const { out } = await run("rulemail", words, join(folder, name), script.join("\n"));
      expect(out).toContain("250 2.1.0 <joe@far.test>... Sender ok");
      expect(out).toContain(said);
    }
  });

  test("the command sendmail", async () => {
    const root = join(folder, "typed");
    const words = ["lint", join(root, "etc/mail/submit.mc")];
    expect(await run("rulemail", words, root)).toEqual({ out: "", err: "", status: 0 });
  });
});

test("doctor looks at what was set up before it is started", async () => {
  const root = join(folder, "doctor");
  const words = ["setup", "--root", root, "--ports", "0,0,0", "--yes", "--user", "ann", "example.test"];
  const { out, status } = await run("rulemail", words, root);
  expect(status).toBe(0);
  const [, found = ""] = out.split("doctor     found this:");
  const kinds = new Set([...found.matchAll(/\[([a-z-]+)\]$/gm)].map(([, kind]) => kind));
  // Which programs this machine has, and which addresses, the test does not know.
  const ofMachine = /^(?:sendmail-command|other-server|ptr-missing|mx-elsewhere|host-address|disk-)/;
  expect([...kinds].filter((kind) => !ofMachine.test(kind))).toEqual(["dkim-missing", "spf-missing", "dmarc-missing"]);
});

test("bad words are told of, with 64, and nothing is written", async () => {
  const root = join(folder, "wrong");
  for (const words of [
    ["--smarthost", "a b"],
    ["--smarthost", "a.test", "--mailhub"],
    ["--user", "A B"],
    ["--tls-cert", "/x"],
  ]) {
    const { err, status } = await setup(root, words);
    expect([words, status, err]).toEqual([
      words,
      64,
      expect.stringMatching(/^rulemail setup: .*; see rulemail setup --help\n$/),
    ]);
  }
  const { err } = await run("rulemail", ["setup", "--root", root, "example"], root);
  expect(err).toBe('rulemail setup: "example" is no domain of mail, as example.com is; see rulemail setup --help\n');
  expect(readdirSync(folder)).not.toContain("wrong");
});
