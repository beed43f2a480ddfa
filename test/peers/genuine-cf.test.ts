/**
 * The sample configurations of sendmail's own macro library: our m4 makes the same bytes of them as GNU m4, and our test
 * mode answers like a genuine sendmail. The library is read where it is installed (SENDMAIL_CF, else the package's).
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { commandOf, findGenuine, findGnuM4, peerFile } from "../support/foreign-programs.ts";
import { peerDescribe } from "../support/peers.ts";

const LIBRARY = join(process.env["SENDMAIL_CF"] ?? peerFile("/usr/share/sendmail/cf") ?? "/usr/share/sendmail/cf", "/");
const SENDMAIL = join(import.meta.dirname, "../../bin/sendmail");
const RULEMAIL = join(import.meta.dirname, "../../bin/rulemail");
const PATIENCE_MS = 120_000;
/** No name server: these configurations ask the files of the machine only. */
const NO_NAMES = { GENUINE_ZONE: "none" };
const there = existsSync(join(LIBRARY, "m4/cf.m4"));
const names = there
  ? readdirSync(join(LIBRARY, "cf"))
      .filter((file) => file.endsWith(".mc"))
      .map((file) => file.slice(0, -".mc".length))
  : [];
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "rulemail-interop-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(command: readonly string[], words: readonly string[], input: string, env = {}): string {
  const result = spawnSync(command[0], [...command.slice(1), ...words], {
    cwd: join(LIBRARY, "cf"),
    input,
    encoding: "latin1",
    timeout: PATIENCE_MS,
    maxBuffer: 1 << 28,
    env: { ...process.env, ...env },
  });
  if (result.error) throw result.error;
  return result.stdout;
}

/** @param words what our m4 wants to be told beside */
function expand(command: readonly string[], name: string, words: readonly string[] = []): string {
  const text = run(command, [...words, `-D_CF_DIR_=${LIBRARY}`, `${LIBRARY}m4/cf.m4`, `${name}.mc`], "");
  // Who built it when on which machine; what stands there comes from programs, not from m4.
  return text.replace(/^##### built by .*$/m, "##### built by");
}

function ours(name: string): string {
  return expand([RULEMAIL, "m4"], name, ["--allow-syscmd"]);
}

peerDescribe("our m4", ["m4", "sendmail"], () => {
  test.each(names)("%s.mc gives the same bytes", (name) =>
    expect(ours(name)).toBe(expand(commandOf(findGnuM4()), name)),
  );
});

// Addresses in brackets are asked for names whatever the service switch says: these are in the hosts file, or are none.
const HOSTS = [
  "b.test",
  "mail.example.test",
  "[127.0.0.1]",
  "[IPv6:2001:db8::z]",
  "a.b.c.d.test.",
  "LOCALHOST",
  "x.uucp",
];
const SHAPES: readonly ((host: string, i: number) => string)[] = [
  (host, i) => `user${i}@${host}`,
  (host) => `<@relay.test:joe@${host}>`,
  (host) => `joe%inner.test@${host}`,
  (host) => `"first last"@${host}`,
  (host) => `up!down!joe@${host}`,
  (host) => `joe+detail@${host}`,
  (host) => `Full Name <joe@${host}> (comment)`,
  (host) => `@${host}`,
];
const PLAIN = [
  "joe",
  "up!joe",
  "|/bin/cat",
  "/dev/null",
  ":include:/x",
  "\\joe",
  "joe@",
  "@",
  "<>",
  "a@b@c",
  "a,b",
  "j\xe9",
  "x:y@z.test",
];
const ASK = ["3,0 ", "/parse ", "check_mail ", "check_rcpt ", "/try local ", "/try smtp "];

/** A few hundred commands, the same each time. */
function dialogue(): string {
  const addresses = [...HOSTS.flatMap((host) => SHAPES.map((shape, i) => shape(host, i))), ...PLAIN];
  const first = addresses.flatMap((address) => ASK.map((ask) => ask + address));
  const roles = ["/tryflags HS", ...addresses.flatMap((each) => [`/try smtp ${each}`, `/try local ${each}`])];
  return [...first, ...roles, "=M", "-d21.12", "3,0 joe@b.test", "check_rcpt joe@b.test", ""].join("\n");
}

/** Names come from nobody but the files of the machine, and are the same for both. */
function common(words: string): string {
  writeFileSync(join(folder, "switch"), "hosts\tfiles\naliases\tfiles\n");
  const name = "Dwmail\nDmexample.test\nDjmail.example.test\n";
  const options = `O DontProbeInterfaces=true\nO ServiceSwitchFile=${join(folder, "switch")}\n`;
  return `V10/Berkeley\n${name}Cw${words}\n${options}`;
}

peerDescribe("a genuine sendmail", ["sendmail"], () => {
  const genuine = commandOf(findGenuine());
  let head: string;
  let machine: string;
  beforeAll(() => {
    const probe = join(folder, "probe.cf");
    writeFileSync(probe, "V10/Berkeley\nMlocal, P=/bin/mail, A=mail\n");
    const answer = run(genuine, ["-bt", "-C", probe], "$k\n/--\n$=w\n/--\n", NO_NAMES);
    const [, hostName = "", own = ""] = /<address>\n> (.*)\n> Unknown .*\n> ([^]*?)> Unknown/.exec(answer) ?? [];
    head = common(own.trim().replaceAll("\n", " "));
    machine = join(folder, "machine.json");
    writeFileSync(machine, JSON.stringify({ hostName, nameServers: [], search: [] }));
  });

  test.each(names)("%s.cf gets the same answers", (name) => {
    const file = join(folder, `${name}.cf`);
    writeFileSync(file, head + ours(name), "latin1");
    const asked = dialogue();
    const wanted = run(genuine, ["-bt", "-C", file], asked, NO_NAMES);
    const got = run([SENDMAIL], ["-bt", "-C", file], asked, { RULEMAIL_MACHINE: machine });
    expect(wanted).toContain("ADDRESS TEST MODE");
    const [first, second] = [lines(got), lines(wanted)];
    const at = first.findIndex((line, index) => line !== second[index]);
    if (at >= 0)
      throw new Error(
        `Line ${at}\n${first.slice(Math.max(0, at - 12), at + 3).join("\n")}\nwanted\n${second.slice(at, at + 3).join("\n")}`,
      );
    expect(first.length).toBe(second.length);
  });
});

/** Without the warning of the original that our folder of temporary files may be written by others. */
function lines(text: string): string[] {
  const all = text.split("\n").map((line) => line.trimEnd());
  return all.filter((line) => !line.startsWith("WARNING: World writable directory"));
}
