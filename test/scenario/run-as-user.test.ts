/** A server that root starts gives up root's rights, and does all of its work without them. Needs root. */
import { connect } from "node:net";
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  renameSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { encodeFrame } from "../../src/control/protocol.ts";
import { TEST_CERTIFICATE, TEST_KEY } from "../support/certificate.ts";
import { eventually } from "../support/mail-server.ts";
import { privilegedPort, RootServer, RootSite, RUNNER, USERS } from "../support/root-server.ts";
import { sendMail, SmtpClient } from "../support/smtp-client.ts";

const asRoot = process.getuid?.() === 0 ? describe : describe.skip;
const MESSAGE = (subject: string): string => `Subject: ${subject}\n\nbody\n`;

/** The message of a user with a subject. */
function mailOf(site: RootSite, user: string, subject: string): Promise<string> {
  return eventually(`mail of ${user}: ${subject}`, () =>
    site.mailbox(user).find((text) => text.includes(`Subject: ${subject}\n`)),
  );
}

function owner(path: string): string {
  const { uid, gid } = statSync(path);
  return `${uid}:${gid}`;
}

const OURS = `${RUNNER.uid}:${RUNNER.gid}`;

asRoot("a server with RunAsUser", () => {
  let site: RootSite;
  let server: RootServer;
  let port: number;

  beforeAll(async () => {
    site = new RootSite();
    site.write("key", TEST_KEY, 0o600);
    site.write("certificate", TEST_CERTIFICATE);
    port = await privilegedPort();
    site.configure({
      lines: [
        `O ServerKeyFile=${site.path("key")}`,
        `O ServerCertFile=${site.path("certificate")}`,
        `O DaemonPortOptions=Name=Low, Port=${port}, Addr=127.0.0.1`,
      ],
    });
    // Mail of before the first start; only root can make the folder for it.
    site.run("sendmail", ["-i", "joe"], MESSAGE("left by root"));
    site.run("sendmail", ["-i", "joe"], MESSAGE("left by ann"), USERS.ann);
    server = await site.start();
  }, 60_000);
  afterAll(async () => {
    await server?.stop();
    site?.remove();
  });

  test("has that user's ids in all four places, no groups beside his, and no capability", async () => {
    const status = server.status();
    expect(status["Uid"]).toEqual(Array.from({ length: 4 }, () => String(RUNNER.uid)));
    expect(status["Gid"]).toEqual(Array.from({ length: 4 }, () => String(RUNNER.gid)));
    expect(status["Groups"]).toEqual([String(RUNNER.gid)]);
    expect([status["CapEff"], status["CapPrm"]]).toEqual([["0000000000000000"], ["0000000000000000"]]);
    const line = `runs as user ${RUNNER.uid} (uid=${RUNNER.uid}, gid=${RUNNER.gid}, groups=${RUNNER.gid}): RunAsUser=`;
    await eventually("the line of the log", () => site.log().includes(line));
  });

  test("delivers with the rights of its users", async () => {
    const text = MESSAGE("over SMTP").replaceAll("\n", "\r\n");
    expect(await sendMail(server.ports["MTA"], "x@mail.example.test", ["joe@mail.example.test"], text)).toMatch(/^250/);
    await mailOf(site, "joe", "over SMTP");
    const [first] = readdirSync(site.path("mail/joe/new"));
    expect(owner(site.path(`mail/joe/new/${first}`))).toBe(`${USERS.joe}:${USERS.joe}`);
  });

  test("serves a port of root's, with a key that only root may read", async () => {
    const { client } = await SmtpClient.open(port);
    expect(await client.command("EHLO client.test")).toContain("STARTTLS");
    client.close();
  });

  test("collects what users left before it ran, and knows who they are", async () => {
    expect(await mailOf(site, "joe", "left by ann")).toMatch(/^Return-Path: <ann@/m);
    expect(await mailOf(site, "joe", "left by root")).toMatch(/^Return-Path: <root@/m);
    expect(readdirSync(site.path("clientmqueue"))).toEqual([]);
  });

  test("keeps queue and log as its own, and the rest of the home root's", () => {
    for (const name of ["queue", "queue/journal", "log", "callers"]) expect(owner(site.path(name))).toBe(OURS);
    for (const name of ["", "sendmail.cf", "submit", "control"]) expect(owner(site.path(name))).toMatch(/^0:/);
    expect(statSync(site.path("")).mode & 0o7777).toBe(0o1775);
    expect(statSync(site.path("queue")).mode & 0o777).toBe(0o700);
  });

  test("has kept what was compiled for the next start, where its user may not write", () => {
    const cache = join(import.meta.dirname, "../../dist/.cache");
    const kept = readdirSync(cache, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(kept.map(({ name }) => name)).toContainEqual(expect.stringMatching(/^pack-serve/));
    expect(new Set(kept.map(({ parentPath, name }) => owner(join(parentPath, name))))).toEqual(new Set(["0:0"]));
  });

  test("makes its log again after rotation", async () => {
    renameSync(site.path("log"), site.path("log.1"));
    server.signal("SIGHUP");
    await eventually("the new log", () => site.log().includes("in force"));
    expect(owner(site.path("log"))).toBe(OURS);
  });

  test("knows callers by what they can show, not by what they say", async () => {
    const own = site.run("sendmail", ["-i", "joe"], MESSAGE("shown"), USERS.ann);
    expect(own).toEqual({ status: 0, stdout: "", stderr: "" });
    expect(await mailOf(site, "joe", "shown")).toMatch(/^Return-Path: <ann@/m);
    await claim(site.path("submit"), "root", "claimed");
    await eventually("the log", () => /relay=root@localhost \(may be forged\)/.test(site.log()));
    expect(await mailOf(site, "joe", "claimed")).toMatch(
      /^X-Authentication-Warning: \S+: root set sender to boss@mail\.example\.test using -f$/m,
    );
    expect(readdirSync(site.path("callers"))).toEqual([]);
  });

  test("sendmail -bs of root hears strangers with less than root's rights, and is root for the server", async () => {
    const child = site.talk(["-C", site.path("sendmail.cf"), "-bs"]);
    await child.said(/^220 /m);
    expect(child.uids()).toEqual(Array.from({ length: 4 }, () => String(RUNNER.uid)));
    child.say("EHLO localhost\r\n");
    await child.said(/^250 /m);
    for (const subject of ["one", "two"]) {
      const lines = ["MAIL FROM:<boss@mail.example.test>", "RCPT TO:<joe>", "DATA", `Subject: bs ${subject}\n\nx\n.`];
      child.say(lines.map((line) => `${line.replaceAll("\n", "\r\n")}\r\n`).join(""));
      const text = await mailOf(site, "joe", `bs ${subject}`);
      expect(text).not.toMatch(/X-Authentication-Warning/);
      expect(text).toMatch(/^Return-Path: <boss@mail\.example\.test>$/m);
    }
    child.say("QUIT\r\n");
    expect(await child.exit).toBe(0);
    await eventually("the log", () => /relay=root@localhost$/m.test(site.log()));
  });

  test("takes what a reload names and only root may have: a port, a key, the texts of the configuration", async () => {
    const low = await privilegedPort();
    site.write("key2", TEST_KEY, 0o600);
    site.write("names", "elsewhere.example\n", 0o600);
    site.configure({
      lines: [
        `O ServerKeyFile=${site.path("key2")}`,
        `O ServerCertFile=${site.path("certificate")}`,
        `O DaemonPortOptions=Name=Low2, Port=${low}, Addr=127.0.0.1`,
        `Fw${site.path("names")}`,
      ],
    });
    chmodSync(site.path("sendmail.cf"), 0o600);
    await site.reloaded(server);
    const { client } = await SmtpClient.open(low);
    expect(await client.command("EHLO client.test")).toContain("STARTTLS");
    await client.command("MAIL FROM:<x@mail.example.test>");
    expect(await client.command("RCPT TO:<joe@elsewhere.example>")).toMatch(/^250/);
    client.close();
    // The port that is gone is closed.
    expect((await SmtpClient.open(port)).greeting).toBe("");
  });

  test("keeps the old configuration when the new one has errors", async () => {
    site.configure({ lines: ["O NoSuchOption=1"] });
    server.signal("SIGHUP");
    await eventually("the log", () => site.log().includes("is broken: the old configuration stays"));
    site.configure();
  });

  test("a second server says what is in its way, and harms nothing", async () => {
    await expect(site.start()).rejects.toThrow(/process \d+ is using it/);
    const text = MESSAGE("still here").replaceAll("\n", "\r\n");
    expect(await sendMail(server.ports["MTA"], "x@mail.example.test", ["joe@mail.example.test"], text)).toMatch(/^250/);
    await mailOf(site, "joe", "still here");
  });
});

/** What a program does that speaks to the socket itself. */
async function claim(path: string, user: string, subject: string): Promise<void> {
  const socket = connect(path);
  const facts = { user, sender: "boss@mail.example.test", recipients: ["joe"], fromHeader: false };
  socket.write(encodeFrame({ rulemail: 1, op: "submit", facts }));
  socket.write(encodeFrame({ data: true }, Buffer.from(MESSAGE(subject).replaceAll("\n", "\r\n"))));
  socket.write(encodeFrame({ end: true }));
  await new Promise<void>((resolve) => {
    socket.once("data", () => resolve());
  });
  socket.destroy();
}

asRoot("a server of an ordinary user", () => {
  test("says that it cannot become RunAsUser, and runs as who it is", async () => {
    const site = new RootSite();
    site.configure();
    site.giveTo(USERS.ann);
    const server = await RootServer.start(site, USERS.ann);
    expect(server.status()["Uid"]?.[0]).toBe(String(USERS.ann));
    await eventually("the warning", () =>
      site.log().includes(`RunAsUser=${OURS} is not acted on: the server was not started by root`),
    );
    await server.stop();
    site.remove();
  });
});

asRoot("a server that takes over", () => {
  const sites: RootSite[] = [];
  const site = (): RootSite => {
    const made = new RootSite();
    sites.push(made);
    return made;
  };
  afterAll(() => sites.forEach((each) => each.remove()));

  test("finds the mail of one that ran as root, which warned", async () => {
    const old = site();
    old.configure({ runAs: "root", lines: ["O DeliveryMode=queue"] });
    let server = await old.start();
    await eventually("the warning", () => old.log().includes("the server keeps root's rights (RunAsUser=root)"));
    expect(server.status()["Uid"]?.[0]).toBe("0");
    const text = MESSAGE("of before").replaceAll("\n", "\r\n");
    await sendMail(server.ports["MTA"], "x@mail.example.test", ["joe@mail.example.test"], text);
    await server.kill();
    expect(owner(old.path("queue/journal"))).toBe("0:0");
    old.configure();
    server = await old.start();
    old.run("sendmail", ["-q"]);
    await mailOf(old, "joe", "of before");
    expect(owner(old.path("queue/journal"))).toBe(OURS);
    await server.stop();
  });

  test("shares its queue with a queue run of root's while no server runs", async () => {
    const idle = site();
    idle.configure({ lines: ["O DeliveryMode=queue"] });
    const server = await idle.start();
    const text = MESSAGE("for the run").replaceAll("\n", "\r\n");
    await sendMail(server.ports["MTA"], "x@mail.example.test", ["joe@mail.example.test"], text);
    await server.stop();
    expect(idle.run("sendmail", ["-C", idle.path("sendmail.cf"), "-q"])).toEqual({ status: 0, stdout: "", stderr: "" });
    await mailOf(idle, "joe", "for the run");
    for (const name of readdirSync(idle.path("queue/journal"))) {
      expect(owner(idle.path(`queue/journal/${name}`))).toBe(OURS);
    }
    const again = await idle.start();
    await again.stop();
  });

  test("gives nobody what a link in its home leads to", async () => {
    const trapped = site();
    trapped.configure();
    // What its user can do: put a link where a folder of his was.
    mkdirSync(trapped.path("victim"), { mode: 0o755 });
    trapped.write("victim/0123456789abcdef0123456789abcdef", "untouched\n");
    for (const name of ["clientmqueue", "callers", "queue"]) {
      symlinkSync(trapped.path("victim"), trapped.path(name));
      lchownSync(trapped.path(name), RUNNER.uid, RUNNER.gid);
    }
    await expect(trapped.start()).rejects.toThrow(/there is a link on the way that is not root's/);
    expect([owner(trapped.path("victim")), statSync(trapped.path("victim")).mode & 0o7777]).toEqual(["0:0", 0o755]);
    expect(readdirSync(trapped.path("victim"))).toEqual(["0123456789abcdef0123456789abcdef"]);
  });

  test("takes its sockets and its pid file away, however it ends", async () => {
    const gone = site();
    gone.configure();
    const made = ["submit", "control", "rulemail.pid"];
    const there = (): readonly string[] => made.filter((name) => existsSync(gone.path(name)));
    for (const end of ["stop", "kill"] as const) {
      const server = await gone.start();
      expect(there()).toEqual(made);
      await server[end]();
      await eventually("an empty home", () => there().length === 0);
    }
  });

  test("says which table its user cannot read, and what to do", async () => {
    const closed = site();
    closed.configure();
    chmodSync(closed.path("aliases"), 0o600);
    chmodSync(closed.path("access.db"), 0o600);
    const server = await closed.start();
    for (const file of ["aliases", "access.db"]) {
      const path = closed.path(file);
      const wanted = `${path}: Permission denied for user ${RUNNER.uid}, who runs the server: chgrp it to a group of that user, and chmod g+r ${path}`;
      expect(server.complaints).toContain(wanted);
    }
    await server.stop();
  });

  test("does not start where its user cannot get to, and says why", async () => {
    const closed = site();
    closed.configure({ without: /^O QueueDirectory/, lines: [`O QueueDirectory=${closed.path("deep")}/queue`] });
    // Somebody else's folder: what lies there is not given away.
    const deep = closed.path("deep");
    mkdirSync(deep);
    chownSync(deep, USERS.ann, USERS.ann);
    await expect(closed.start()).rejects.toThrow(
      new RegExp(
        `user ${RUNNER.uid} may not [^;]*${deep}/queue; cannot take over ${deep}/queue: a folder above it belongs to`,
      ),
    );
  });

  test("writes its log and its pid file through no link that another user laid", async () => {
    const trapped = site();
    trapped.configure();
    const victim = trapped.write("victim", "untouched\n", 0o600);
    for (const name of ["log", "rulemail.pid"]) {
      symlinkSync(victim, trapped.path(name));
      lchownSync(trapped.path(name), RUNNER.uid, RUNNER.gid);
    }
    await expect(trapped.start()).rejects.toThrow(/cannot start: .*log/);
    expect(statSync(victim).size).toBe("untouched\n".length);
    expect(owner(victim)).toBe("0:0");
  });
});
