/**
 * A server that was started as root, with users of their own uids: what they let it read and run, it reads and runs with
 * their rights. Needs root.
 */
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { eventually, MailServer } from "../support/mail-server.ts";
import { sendMail } from "../support/smtp-client.ts";

const isRoot = process.getuid?.() === 0;
const asRoot = isRoot ? describe : describe.skip;

/** name, uid, shell. The twins share a uid. */
const USERS = [
  ["joe", 52001, "/bin/sh"],
  ["ann", 52002, "/bin/sh"],
  ["nol", 52003, "/usr/sbin/nologin"],
  ["twin", 52004, "/bin/sh"],
  ["other", 52004, "/bin/bash"],
  ["sender", 52005, "/bin/sh"],
] as const;
const SECRET = "root:$6$verysecret:19000:0:99999:7:::";

let server: MailServer;

beforeAll(async () => {
  if (!isRoot) return;
  const home = mkdtempSync(join(tmpdir(), "mail-"));
  chmodSync(home, 0o755);
  for (const folder of ["home", "mail", "lists"]) mkdirSync(join(home, folder));
  for (const [user, uid] of USERS) {
    for (const folder of ["home", "mail"]) {
      mkdirSync(join(home, folder, user));
      chownSync(join(home, folder, user), uid, uid);
    }
  }
  const lines = USERS.map(([user, uid, shell]) => `${user}:x:${uid}:${uid}::${join(home, "home", user)}:${shell}\n`);
  writeFileSync(join(home, "passwd"), lines.join(""));
  writeFileSync(join(home, "rootonly"), `${SECRET}\nann\n`, { mode: 0o600 });
  writeFileSync(join(home, "lists", "ann"), `"|id -u > ${home}/home/ann/list-ran"\n`);
  chownSync(join(home, "lists", "ann"), 52002, 52002);
  const aliases = ["club: :include:LISTS/ann", "closed: :include:HOME/rootonly"].join("\n");
  writeFileSync(join(home, "aliases"), aliases.replace("LISTS", join(home, "lists")).replace("HOME", home));
  server = await MailServer.start({ home, mc: "define(`confDEF_USER_ID', `1:1')dnl" });
  // The server keeps what it makes to itself; here all users live in it.
  for (const folder of [home, join(home, "mail")]) chmodSync(folder, 0o755);
}, 60_000);
afterAll(() => server?.remove());

function put(user: string, text: string): string {
  const file = join(server.home, "home", user, ".forward");
  const [, uid = 0] = USERS.find(([name]) => name === user) ?? [];
  writeFileSync(file, text, { mode: 0o644 });
  chownSync(file, uid, uid);
  return file;
}

async function mail(to: string, subject: string): Promise<void> {
  const text = `Subject: ${subject}\r\n\r\nbody\r\n`;
  expect(await sendMail(server.port, "sender@mail.example.test", [`${to}@mail.example.test`], text)).toMatch(/^250/);
}

/** The message of a user that holds a text. */
function mailOf(user: string, text: string): Promise<string> {
  return eventually(`mail of ${user} with ${text}`, () =>
    server.mailbox(user).find((message) => message.includes(text)),
  );
}

const home = (user: string, file: string): string => join(server.home, "home", user, file);

asRoot("a server started as root", () => {
  test("does not read for a user what he cannot read himself", async () => {
    symlinkSync(join(server.home, "rootonly"), home("joe", ".forward"));
    await mail("joe", "linked");
    await mailOf("joe", "Subject: linked");
    const line = `forward ${home("joe", ".forward")}: Permission denied`;
    await eventually("the log line", () => server.log().includes(line));
    expect(server.mailbox("sender")).toEqual([]);
  });

  test("names the line of a .forward, not what stands there nor in the list that it names", async () => {
    put("ann", `# comment\n:include:${join(server.home, "rootonly")}\n${SECRET}\nno body knows this\n`);
    await mail("ann", "included");
    const report = await mailOf("sender", "Subject: included");
    for (const [line, reason] of [
      [2, "Cannot open :include: list: Permission denied"],
      [3, "User unknown"],
      [4, "User unknown"],
    ] as const) {
      expect(report.replace(/\r?\n[ \t]+/g, " ")).toContain(`${home("ann", ".forward")}: line ${line}: ${reason}`);
    }
    await eventually("the log", () => server.log().split("stat=/").length > 3 && server.log().includes("line 4: User"));
    for (const text of [report, server.log()]) {
      expect(text).not.toMatch(/verysecret|no body knows|rootonly/);
    }
    put("ann", "");
  });

  test("reads the list of an alias as DefaultUser", async () => {
    await mail("closed", "closed list");
    const report = await mailOf("sender", "Subject: closed list");
    expect(report).toMatch(/Cannot open \S+\/rootonly: Permission denied/);
    expect(report).not.toContain("verysecret");
  });

  test("runs what a list names as the list's owner", async () => {
    await mail("club", "list");
    await eventually("the program of the list", () => existsSync(home("ann", "list-ran")));
    await eventually("its uid", () => readFileSync(home("ann", "list-ran"), "utf8") === "52002\n");
  });

  test("runs no program and writes no file for somebody without a login shell", async () => {
    put("nol", `"|touch ${home("nol", "ran")}"\n${home("nol", "box")}\n`);
    await mail("nol", "no shell");
    const report = (await mailOf("sender", "Subject: no shell")).replace(/\r?\n[ \t]+/g, " ");
    for (const [line, noun] of [
      [1, "programs"],
      [2, "files"],
    ] as const) {
      const reason = `User nol@mail.example.test doesn't have a valid shell for mailing to ${noun}`;
      expect(report).toContain(`line ${line}: ${reason}`);
    }
    expect([existsSync(home("nol", "ran")), existsSync(home("nol", "box"))]).toEqual([false, false]);
  });

  test("gives users who share a uid programs of their own", async () => {
    const program = '"|(pwd; echo $HOME $USER $LOGNAME $SHELL) > $HOME/ran"\n';
    for (const user of ["twin", "other"]) put(user, program);
    const text = "Subject: twins\r\n\r\n";
    const to = ["twin", "other"].map((user) => `${user}@mail.example.test`);
    expect(await sendMail(server.port, "", to, text)).toMatch(/^250/);
    for (const [user, shell] of [
      ["twin", "/bin/sh"],
      ["other", "/bin/bash"],
    ] as const) {
      const folder = join(server.home, "home", user);
      const wanted = `${folder}\n${folder} ${user} ${user} ${shell}\n`;
      await eventually(`the program of ${user}`, () => {
        return existsSync(home(user, "ran")) && readFileSync(home(user, "ran"), "utf8") === wanted;
      });
    }
  });
});

test("the users of this test have names of their own", () => {
  expect(new Set(USERS.map(([name]) => name)).size).toBe(USERS.length);
});
