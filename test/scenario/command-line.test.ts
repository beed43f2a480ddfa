/**
 * The command line takes what forty years of callers give it: the rows of test/golden/command-line/cases.ts, against what
 * genuine sendmail 8.17 did with them (recorded.jsonl: exit status, words to the caller, who got the message, with which
 * sender and header).
 */
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { readArguments } from "../../src/cli/arguments.ts";
import { speakSmtp } from "../../src/cli/smtp-stdio.ts";
import { verify } from "../../src/cli/verify.ts";
import { submit } from "../../src/cli/submit.ts";
import { connectControl } from "../../src/control/client.ts";
import { type CommandLineCase, cases, type Site, sites } from "../golden/command-line/cases.ts";
import { differences, namesOfDifferences } from "../golden/command-line/differences.ts";
import {
  type CallResult,
  type Delivery,
  plainReplies,
  readRecorded,
  takeDeliveries,
} from "../support/command-line-site.ts";
import { converse } from "../support/converse.ts";
import { startSite } from "../support/command-line-server.ts";
import { type DnsServer, startDnsServer } from "../support/dns-server.ts";
import type { MailServer } from "../support/mail-server.ts";

const recorded = readRecorded();
const servers = new Map<Site, MailServer>();
let dns: DnsServer;
const homeBefore = process.env.RULEMAIL_HOME;

beforeAll(async () => {
  dns = await startDnsServer();
  const names = Object.keys(sites) as Site[];
  const started = await Promise.all(names.map((name) => startSite(dns, sites[name])));
  names.forEach((name, index) => servers.set(name, started[index]));
});
afterAll(async () => {
  if (homeBefore === undefined) delete process.env.RULEMAIL_HOME;
  else process.env.RULEMAIL_HOME = homeBefore;
  await Promise.all([...servers.values()].map((server) => server.remove()));
  await dns.close();
});

/** One call, in this process: `sendmail -odi ARGS < INPUT`. */
async function call({ args, input, environment, site }: CommandLineCase): Promise<CallResult> {
  const server = servers.get(site)!;
  process.env.RULEMAIL_HOME = server.home;
  if (args.includes("-bs")) return conversation(server, args, input);
  if (args.includes("-bv")) return verification(server, args);
  let said = "";
  const read = readArguments("sendmail", ["-odi", ...args.map(asNodeSees)]);
  for (const problem of read.problems) said += `${problem}\n`;
  const exit = read.usage
    ? 64
    : await submit(read, {
        user: "root",
        fullName: environment?.["NAME"] === undefined ? undefined : asNodeSees(environment["NAME"]),
        input: chunks(Buffer.from(input, "latin1")),
        say: (text) => (said += text),
        complain: (text) => (said += text),
      });
  return result(server, exit, said);
}

/** `sendmail -bv ARGS`. */
async function verification(server: MailServer, args: readonly string[]): Promise<CallResult> {
  const read = readArguments("sendmail", ["-C", join(server.home, "sendmail.cf"), ...args.map(asNodeSees)]);
  let said = "";
  const exit = await verify(read, (text) => (said += text));
  return result(server, exit, said);
}

/** `sendmail -bs ARGS`, asked what stands in INPUT. */
async function conversation(server: MailServer, args: readonly string[], input: string): Promise<CallResult> {
  const read = readArguments("sendmail", ["-C", join(server.home, "sendmail.cf"), "-odi", ...args.map(asNodeSees)]);
  const [theirs, ours] = [new PassThrough(), new PassThrough()];
  const [exit, said] = await Promise.all([
    speakSmtp(read, { input: theirs, output: ours, user: "root" }).finally(() => ours.end()),
    converse(input.split("\n"), theirs, ours),
  ]);
  return result(server, exit, Buffer.from(plainReplies(said), "latin1").toString("utf8"));
}

async function result(server: MailServer, exit: number, said: string): Promise<CallResult> {
  const client = await connectControl(join(server.home, "control"));
  const queued = (await client.list({})).length > 0;
  if (queued) await client.remove({});
  client.close();
  return {
    exit,
    said: Buffer.from(said.replaceAll(server.home, "FOLDER"), "utf8").toString("latin1"),
    queued,
    deliveries: takeDeliveries(join(server.home, "out")),
  };
}

/** Octets of a command line as Node gives them to a program. */
function asNodeSees(octets: string): string {
  return Buffer.from(octets, "latin1").toString("utf8");
}

async function* chunks(octets: Buffer): AsyncGenerator<Buffer> {
  if (octets.length > 0) yield octets;
}

/** Lines in any order, each once: the original opens lists from the end, and says some things twice. */
function lines(said: string): string[] {
  return [...new Set(said.split("\n"))].toSorted();
}

function replaced(said: string, other: Readonly<Record<string, string>>): string {
  return said
    .split("\n")
    .map((line) => other[line] ?? line)
    .join("\n");
}

function without(deliveries: readonly Delivery[], except: readonly string[] = []): Delivery[] {
  const kept = (line: string): boolean => !except.includes(line.slice(0, line.indexOf(":")));
  return deliveries.map((each) => ({ ...each, header: each.header.filter(kept) }));
}

test.each(cases.map((each) => [each.name, each] as const))("%s", async (name, each) => {
  const ours = await call(each);
  const { recipients, except, lines: other = {}, ...otherwise } = differences(each) ?? {};
  const wanted = { ...recorded.get(name)!, ...otherwise };
  expect({ exit: ours.exit, said: lines(ours.said) }).toEqual({
    exit: wanted.exit,
    said: lines(replaced(wanted.said, other)),
  });
  if (recipients === undefined) expect(without(ours.deliveries, except)).toEqual(without(wanted.deliveries, except));
  else expect(ours.deliveries.map(({ mailer, users }) => `${mailer} ${users.join(" ")}`)).toEqual(recipients);
});

test("every difference is about a row", () => {
  expect(namesOfDifferences.filter((name) => !cases.some((each) => each.name === name))).toEqual([]);
});
