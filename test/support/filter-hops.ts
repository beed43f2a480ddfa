/**
 * Mail through scripted filters of whatever `sendmail` the PATH has, for test/peers/milter.test.ts: one daemon with a port
 * for each case. `node filter-hops.ts` prints what clients were told, what arrived at the next hop, and what filters heard.
 */
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { LEADING_SPACE } from "../../src/milter/bits.ts";
import type { Edit } from "../../src/milter/filter.ts";
import { type Scenario, scriptedFilter, type Turn } from "./scripted-filter.ts";
import { SmtpDialogue } from "./smtp-dialogue.ts";
import { SmtpSink } from "./smtp-sink.ts";

const FIRST_PORT = 2600;
const HOME = "/mnt/site";

/** What one case came to. */
export interface HopOutcome {
  readonly name: string;
  readonly replies: readonly string[];
  /** MAIL and RCPT of the next hop, and the message. */
  readonly arrived: readonly string[];
  /** What the last filter heard. */
  readonly heard: readonly string[];
}

interface HopCase {
  readonly name: string;
  /** What the filter says at the end of the message; a second one hears what becomes of it. */
  readonly edits?: readonly Edit[];
  readonly on?: Scenario["on"];
  readonly protocol?: number;
  readonly message?: readonly string[];
}

const header = (name: string, value: string): Edit => ({ kind: "add-header", name, value });
const insert = (index: number, name: string): Edit => ({ kind: "insert-header", index, name, value: " i" });
const change = (index: number, name: string, value?: string): Edit => ({ kind: "change-header", index, name, value });
const body = (text: string): Edit => ({ kind: "replace-body", chunk: Buffer.from(text, "latin1") });
const TO = "<x@y.example>";

/** A genuine sendmail knows 25 filters at most; each case has two. */
const hopCases: readonly HopCase[] = [
  { name: "nothing is changed: odd white space", protocol: LEADING_SPACE },
  {
    name: "fields are added and inserted",
    protocol: LEADING_SPACE,
    edits: [
      header("X-New", "  two\n\tfold"),
      header("X-D", "none"),
      header("Received", " new"),
      insert(0, "X-0"),
      insert(1, "X-1"),
      insert(9, "X-9"),
      insert(99, "X-99"),
    ],
  },
  { name: "fields are added without the blank", edits: [header("X-New", "one"), header("X-Tab", "\ttab")] },
  {
    name: "fields are changed and deleted",
    protocol: LEADING_SPACE,
    edits: [
      change(1, "Subject", " new"),
      change(2, "X-D"),
      change(2, "X-D", " b"),
      change(9, "X-D", " nine"),
      change(1, "Received", " was"),
      change(1, "Date", " Tue, 1 Dec 2026 00:00:00 +0000"),
      change(1, "Gone"),
      change(1, "X-Fold", " a\n b"),
    ],
  },
  { name: "the body is replaced", edits: [body("one\ntwo\r\n.dot\r\n"), body("th\xe9 end\r\n")] },
  { name: "the body is emptied", edits: [body("")] },
  {
    name: "sender and recipients change",
    edits: [
      { kind: "change-sender", path: "<new@s.example>", parameters: [] },
      { kind: "add-recipient", path: "<added@y.example>", parameters: [] },
      { kind: "delete-recipient", path: "<z@y.example>" },
    ],
  },
  { name: "rcpt: reject", on: { rcpt: [{ kind: "reject" }] } },
  { name: "end: tempfail", on: { end: [{ kind: "tempfail" }] } },
  { name: "mail: discard", on: { mail: [{ kind: "discard" }] } },
  {
    name: "a reply of its own",
    on: { rcpt: [{ kind: "reply", code: 550, enhanced: "5.7.9", lines: ["one", "two"] }] },
  },
  { name: "hang-up", on: { eoh: [{ kind: "hang-up" }] } },
];

const MESSAGE = [
  "Received: from q by r",
  "Subject:  two blanks",
  "X-D: 1",
  "x-d: 2",
  "X-D: 3",
  "X-Tab:\ttab",
  "X-None:none",
  "X-Fold: a",
  "\tb",
  "X-Trail: t  ",
  "",
  "body",
  "..dot",
];

function configuration(hop: number, filters: readonly (readonly string[])[]): string {
  const ports = filters.map(
    (names, i) =>
      `O DaemonPortOptions=Port=${FIRST_PORT + i}, Addr=127.0.0.1, Name=P${i}, I=${names.map((_, j) => `c${i}f${j}`).join(";")}`,
  );
  const lines = filters.flatMap((sockets, i) =>
    sockets.map((socket, j) => `Xc${i}f${j}, S=${socket}, T=C:20s;S:20s;R:20s;E:20s`),
  );
  return `V10/Berkeley
Cwmail.example.test
Dj$w
${lines.join("\n")}
${ports.join("\n")}
O QueueDirectory=${HOME}/queue
O PidFile=${HOME}/pid
O DeliveryMode=b
O SuperSafe=False
O LogLevel=0
O DontProbeInterfaces=True
O Timeout.ident=0
O RunAsUser=root
O Milter.macros.envrcpt={rcpt_mailer}, {rcpt_host}, {rcpt_addr}
H?P?Return-Path: <$g>
HReceived: from $s by $j id $i; $b
H?D?Resent-Date: $a
H?D?Date: $a
H?F?Resent-From: $g
H?F?From: $g
H?x?Full-Name: $x
H?M?Resent-Message-Id: <$t.$i@$j>
H?M?Message-Id: <$t.$i@$j>
Msmtp, P=[IPC], F=mDFMuXa8, S=0, R=0, E=\\r\\n, L=990, T=DNS/RFC822/SMTP, A=TCP [127.0.0.1] ${hop}
Mlocal, P=/bin/true, F=lsDFMAw5:/|@q, S=0, R=0, T=DNS/RFC822/X-Unix, A=true
Mprog, P=/bin/sh, F=lsDFMoqeu9, S=0, R=0, T=X-Unix/X-Unix/X-Unix, A=sh -c $u
Scanonify=3
R$*<$*>$*	$2
Sparse=0
R$*bad$*	$#error $@ 5.1.1 $: 550 unknown here
R$*	$#smtp $@ [127.0.0.1] $: $1
`;
}

async function hold(port: number, message: readonly string[]): Promise<string[]> {
  const client = await SmtpDialogue.open(port);
  const replies: string[] = [];
  const lines = [
    "MAIL FROM:<a@c.example> SIZE=9",
    `RCPT TO:${TO}`,
    "RCPT TO:<z@y.example>",
    "RCPT TO:<bad@y.example>",
    "DATA",
  ];
  await client.reply();
  await client.ask("EHLO c.example");
  for (const line of lines) replies.push(await client.ask(line));
  if (replies.at(-1)?.startsWith("354")) replies.push(await client.ask([...message, "."].join("\r\n")));
  await client.ask("QUIT");
  client.destroy();
  return replies;
}

/** Ids, dates and ports differ; what the servers call themselves, too. */
function alike(text: string): string {
  return text
    .replaceAll(/\b6[0-9A-Za-z]{13}\b/g, "ID")
    .replaceAll(/\b\d{12}\.ID@/g, "ID@")
    .replaceAll(/[A-Z][a-z]{2}, \d+ [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d (?:GMT|\+0000)/g, "DATE")
    .replaceAll(/ port \d+/g, "")
    .replaceAll(/Recipient ok \(will queue\)/g, "Recipient ok");
}

/** Where a body is cut into packets is nobody's business. */
function withoutCuts(lines: readonly string[]): string[] {
  const sizes = lines.filter((line) => line.startsWith("body ")).map((line) => Number(line.slice(5)));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  return [...lines.filter((line) => !line.startsWith("body ")), `body of ${total}`];
}

async function main(): Promise<void> {
  mkdirSync(`${HOME}/queue`, { recursive: true, mode: 0o700 });
  const sink = await SmtpSink.start({ extensions: ["8BITMIME"] });
  const filters = await Promise.all(
    hopCases.map(async ({ edits = [], on, protocol = 0 }) => {
      const end: Turn = [...edits, { kind: "continue" }];
      const first = await scriptedFilter({ negotiates: { protocol }, on: on ?? { end: [end] }, listensOn: "inet" });
      return [first, await scriptedFilter({ negotiates: { protocol: LEADING_SPACE }, listensOn: "inet" })];
    }),
  );
  const sockets = filters.map((each) =>
    each.map(({ settings: { address } }) =>
      address.kind === "unix" ? address.path : `inet:${address.port}@${address.host}`,
    ),
  );
  writeFileSync(`${HOME}/t.cf`, configuration(sink.port, sockets));
  const daemon = spawn("sendmail", ["-C", `${HOME}/t.cf`, "-bD"], { stdio: ["ignore", "ignore", "inherit"] });
  try {
    const outcomes: HopOutcome[] = [];
    for (const [i, { name, message = MESSAGE }] of hopCases.entries()) {
      await listening(FIRST_PORT + i);
      const replies = await hold(FIRST_PORT + i, [`X-Case: ${i}`, ...message]);
      outcomes.push({ name, replies: replies.map(alike), arrived: [], heard: [] });
    }
    const wanted = outcomes.filter(
      ({ name, replies }) => replies.at(-1)?.startsWith("250") && !name.endsWith("discard"),
    );
    for (let turn = 0; sink.messages.length < wanted.length && turn < 300; turn++) await sleep(100);
    const told = outcomes.map((outcome, i): HopOutcome => {
      const arrived = sink.messages
        .filter(({ data }) => data.includes(`X-Case: ${i}\r\n`))
        .map(({ sender, recipients, data }) => alike([sender, recipients.toSorted().join(" "), data].join("\n")));
      // The first connection is from the look whether the port is open; its end may come at any time.
      const lines = filters[i][1].transcript.map(alike).filter((line) => line !== "quit");
      const heard = withoutCuts(lines.slice(lines.findIndex((line) => line.startsWith("helo")) + 1));
      return { ...outcome, arrived, heard };
    });
    process.stdout.write(JSON.stringify(told));
  } finally {
    daemon.kill();
    await Promise.all(filters.flat().map((filter) => filter.close()));
    await sink[Symbol.asyncDispose]();
  }
}

async function listening(port: number): Promise<void> {
  for (let turn = 0; turn < 300; turn++) {
    try {
      const client = await SmtpDialogue.open(port);
      await client.reply();
      return client.destroy();
    } catch {
      await sleep(100);
    }
  }
  throw new Error(`nobody listens at port ${port}`);
}

if (import.meta.main) await main();
