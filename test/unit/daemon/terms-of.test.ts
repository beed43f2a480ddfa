import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { loadConfig } from "../../../src/config/load.ts";
import { termsOf } from "../../../src/daemon/terms-of.ts";
import { parseTerms, type Terms } from "../../../src/rights/terms.ts";
import type { MailboxDatabase, User } from "../../../src/sys/users.ts";
import { configEnvironment } from "../../support/config-environment.ts";

const ACCOUNTS: readonly User[] = [
  { name: "box", uid: 52601, gid: 52602, gecos: "", home: "/home/box", shell: "/bin/sh" },
  { name: "root", uid: 0, gid: 0, gecos: "", home: "/root", shell: "/bin/sh" },
];
const users: MailboxDatabase = {
  find: (name) => ACCOUNTS.find((each) => each.name === name),
  findById: (uid) => ACCOUNTS.find((each) => each.uid === uid),
};
const runAs = { user: "server", uid: 52603, gid: 52604 };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "terms-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function terms(...lines: readonly string[]): Promise<Terms> {
  const file = join(folder, "test.cf");
  writeFileSync(file, ["V10/Berkeley", "Mlocal, P=[LOCAL], F=lsDFMAw, A=LOCAL /x/$u", ...lines, ""].join("\n"));
  const { config, messages } = await loadConfig(file, { ...configEnvironment, users });
  if (config === undefined) throw new Error(messages.join("\n"));
  const made = await termsOf(config, users, runAs);
  config.close();
  // Another process reads them.
  expect(parseTerms(JSON.parse(JSON.stringify(made)))).toEqual(made);
  return made;
}

test("mailboxes keep the user, the detail and the home; other macros are expanded", async () => {
  const { mailboxes } = await terms(
    "D{Spool}/var/spool",
    "Mdir, P=[LOCAL], F=lw, A=LOCAL maildir:$z/Maildir/",
    "Mmh, P=[LOCAL], F=lw, A=LOCAL mh:${Spool}/$u/$h",
    "Mfolder, P=[LOCAL], F=lw, A=LOCAL maildir:/srv/$u$?h/.$h$./",
    "Mlmtp, P=[IPC], F=lw, A=FILE /run/lmtp",
  );
  expect(mailboxes).toEqual([
    { kind: "mbox", path: "/x/$u" },
    { kind: "maildir", path: "$z/Maildir" },
    { kind: "mh", path: "/var/spool/$u/$h" },
    // Without a detail.
    { kind: "mh", path: "/var/spool/$u" },
    { kind: "maildir", path: "/srv/$u/.$h" },
    { kind: "maildir", path: "/srv/$u" },
  ]);
});

test("a program is root's by U=root, or by F=S where U= names nobody", async () => {
  const { programs } = await terms(
    "Mprog, P=/bin/sh, F=lsDFMoqeu9, A=sh -c $u",
    "Mone, P=/bin/one, F=lS, A=one",
    "Mtwo, P=/bin/two, F=lS, U=root, A=two",
    "Mthree, P=/bin/three, F=lS, U=box, A=three",
    "Mfour, P=/bin/four, F=l, U=root, A=four",
  );
  const asRoot = new Map(programs.map(({ path, asRoot: is }) => [path, is]));
  expect(["sh", "one", "two", "three", "four"].map((name) => asRoot.get(`/bin/${name}`))).toEqual([
    false,
    true,
    true,
    false,
    true,
  ]);
});

test("words of a program that may be root's: fixed macros filled in, places marked, each branch of a condition", async () => {
  const { programs } = await terms(
    "DPinbox",
    "Mone, P=/bin/one, F=lSfr, N=3, /=/srv/$P, A=one -a $h -d $u -m $P",
    "Mtwo, P=/bin/two, F=lS, A=two $?h-h$h$|none$. ${client_addr}/$z",
    "Mthree, P=/bin/three, F=l, A=three $u",
  );
  expect(programs.filter(({ path }) => path.startsWith("/bin/t") || path === "/bin/one")).toEqual([
    {
      path: "/bin/one",
      asRoot: true,
      words: [["one", "-f", "\0x", "-r", "\0x", "-a", "\0h", "-d", "\0u", "-m", "inbox"]],
      nice: 3,
      root: "/srv/inbox",
    },
    {
      path: "/bin/two",
      asRoot: true,
      words: [
        ["two", "-h\0h", "\0x/\0z"],
        ["two", "none", "\0x/\0z"],
      ],
      nice: 0,
      root: "",
    },
    { path: "/bin/three", asRoot: false, words: [], nice: 0, root: "" },
  ]);
});

test("identities are DefaultUser and those of U=, each once; who is not known is none", async () => {
  const { identities } = await terms(
    "O DefaultUser=52605:52606",
    "Ma, P=/bin/a, U=box, A=a",
    "Mb, P=/bin/b, U=box, A=b",
    "Mc, P=/bin/c, U=52607:52608, A=c",
  );
  expect(identities).toEqual([
    { user: "52605", uid: 52605, gid: 52606 },
    { user: "box", uid: 52601, gid: 52602 },
    { user: "52607", uid: 52607, gid: 52608 },
  ]);
});

test("files are keys and the texts that were read; ports are those of the configuration", async () => {
  writeFileSync(join(folder, "names"), "a.example\n");
  const { files, ports, ...rest } = await terms(
    `Fw${folder}/names`,
    `Fw-o ${folder}/missing`,
    "O ServerCertFile=/etc/cert",
    "O ServerKeyFile=/etc/key",
    "O DaemonPortOptions=Name=A, Port=25",
    "O DaemonPortOptions=Name=B, Port=587, Addr=127.0.0.1",
    "O DaemonPortOptions=Name=C, Port=465, Family=inet6",
    "O ForwardPath=$z/.forward.$h:/var/forward/$u",
    "O SafeFileEnvironment=/safe",
    "O MailboxDatabase=passwd:/etc/boxes",
    "O DontBlameSendmail=GroupWritableAliasFile",
  );
  expect(files).toEqual([join(folder, "test.cf"), join(folder, "names"), "/etc/cert", "/etc/key"]);
  expect(ports).toEqual([
    { host: "0.0.0.0", port: 25, family: 4 },
    { host: "127.0.0.1", port: 587, family: 4 },
    { host: "::", port: 465, family: 6 },
  ]);
  expect(rest).toMatchObject({
    forwardPath: ["$z/.forward.$h", "/var/forward/$u"],
    safeFileEnvironment: "/safe",
    users: { kind: "file", path: "/etc/boxes" },
    dontBlame: ["groupwritablealiasfile"],
    runAs,
  });
});
