/**
 * `rulemail setup DOMAIN`: from nothing to a mail server that can be started: configuration, aliases, tables, keys, the records
 * for DNS, and what doctor says of it all. What is there already is never written over; a second run shows what it would change.
 */
import { existsSync, mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { isIP } from "node:net";
import yargs from "yargs";
import { makeHome } from "../../daemon/home.ts";
import { placesBelow } from "../../daemon/places.ts";
import { type Machine, readMachine } from "../../sys/machine.ts";
import { typedCommand } from "../../sys/program-files.ts";
import { systemClock } from "../../sys/clock.ts";
import { errorText } from "../../sys/safe-file.ts";
import { EX } from "../../sys/sysexits.ts";
import { type CommandStreams, processStreams } from "../command-streams.ts";
import { CommandError, runToStatus } from "../database-target.ts";
import { publicAddresses } from "../doctor/own-addresses.ts";
import { ensureAccount, people, readerOf } from "./accounts.ts";
import { doctorLines } from "./aftermath.ts";
import { earlierAnswers } from "./earlier-answers.ts";
import { firstPassword, usersText } from "./first-user.ts";
import { dkimKey, tlsKey } from "./keys.ts";
import { outcomeLines, type PlannedFile, withUsualUmask, writePlanned } from "./planned-file.ts";
import { isHost, isUser, Questions, wrongWord } from "./questions.ts";
import { siteMc, submitMc } from "./site-mc.ts";
import { buildTable, compileBeside } from "./site-folder.ts";
import { tableTexts } from "./tables.ts";
import { hasMailboxes, type Shape, type Users, type Wishes } from "./wishes.ts";
import { zoneLines } from "./zone.ts";

function parser(words: readonly string[]) {
  return yargs([...words])
    .scriptName("rulemail setup")
    .usage("rulemail setup [options] DOMAIN")
    .option("yes", { type: "boolean", default: false, describe: "ask nothing" })
    .option("host", { type: "string", nargs: 1, describe: "the whole name of this host" })
    .option("accounts", { type: "boolean", default: false, describe: "mailboxes for the accounts of this machine" })
    .option("user", { type: "string", nargs: 1, describe: "mailboxes for users of our own, and the first of them" })
    .option("smarthost", { type: "string", nargs: 1, describe: "everything for others goes to HOST or HOST:PORT" })
    .option("nullclient", { type: "string", nargs: 1, describe: "only send: all mail goes to HUB" })
    .option("mailhub", { type: "boolean", default: false, describe: "several domains, virtual ones too" })
    .option("gateway", { type: "string", nargs: 1, describe: "in front of the server INNER, which has the mailboxes" })
    .option("tls-cert", { type: "string", nargs: 1, describe: "certificate of an authority, with --tls-key" })
    .option("tls-key", { type: "string", nargs: 1, describe: "its key" })
    .option("ports", { type: "string", nargs: 1, describe: "other ports than 25,587,465" })
    .option("root", { type: "string", nargs: 1, describe: "everything below this folder, for trials" })
    .option("doctor", { type: "boolean", default: true, describe: "at the end, what doctor says (--no-doctor)" })
    .example("rulemail setup example.com", "asks two questions, and writes /etc/mail")
    .example("rulemail setup --yes --smarthost smtp.example.net:587 example.com", "asks none")
    .epilogue("Nothing that is there is written over: run it again to see what it would change. docs/first-evening.md.")
    .parserConfiguration({ "parse-numbers": false, "parse-positional-numbers": false })
    .strictOptions()
    .version(false)
    .exitProcess(false);
}

type Options = Awaited<ReturnType<ReturnType<typeof parser>["parse"]>>;

/** @returns 0; 64 for wrong words, 73 what cannot be written, 78 a site.mc that cannot be compiled */
export function runSetup(words: readonly string[], streams: CommandStreams = processStreams()): Promise<number> {
  return runToStatus(streams, async () => {
    let complaint: string | undefined;
    const options = await parser(words)
      .fail((message, error) => void (complaint = message || error.message))
      .parse();
    if (complaint !== undefined) wrongWord(complaint);
    if (options["help"] === true) return EX.OK;
    const machine = readMachine();
    const wishes = await wishesOf(options, machine, streams);
    try {
      await withUsualUmask(() => carryOut(wishes, machine, streams));
    } catch (error) {
      if (error instanceof CommandError || (error as NodeJS.ErrnoException).code === undefined) throw error;
      const hint = process.getuid?.() === 0 ? "" : ": run it as root, or below a folder of yours with --root";
      throw new CommandError(`rulemail setup: ${errorText(error)}${hint}`, EX.CANTCREAT);
    }
    if (options.doctor) for (const line of await doctorLines(wishes)) streams.output.line(line);
    return EX.OK;
  });
}

async function wishesOf(options: Options, machine: Machine, streams: CommandStreams): Promise<Wishes> {
  const [domain = "", ...more] = options._.map((word) => String(word).toLowerCase().replace(/\.$/, ""));
  if (domain === "") wrongWord("name a domain");
  if (more.length > 0) wrongWord(`one domain, not "${options._.join(" ")}"`);
  if (!isHost(domain)) wrongWord(`"${domain}" is no domain of mail, as example.com is`);
  const shape = shapeOf(options);
  const { host, user, tlsCert, tlsKey: keyFile } = options;
  if (host !== undefined && !isHost(host)) wrongWord(`--host: "${host}" is no host name with a domain`);
  if (user !== undefined && (!isUser(user) || options.accounts))
    wrongWord(`--user: "${user}" is no name, or not with --accounts`);
  if ((tlsCert === undefined) !== (keyFile === undefined)) wrongWord("--tls-cert and --tls-key go together");
  for (const file of [tlsCert, keyFile]) if (file !== undefined && !existsSync(file)) wrongWord(`there is no ${file}`);
  const all = people();
  const places = placesBelow(options.root === undefined ? "" : resolve(options.root));
  const earlier = earlierAnswers(places);
  const questions = new Questions(streams, !options.yes);
  try {
    return {
      domain,
      shape,
      host: host?.toLowerCase() ?? (await questions.host(earlier.host ?? usualHost(machine, domain, shape))),
      users: await usersOf(options, shape, earlier.users ?? usualUsers(all.length > 0), questions),
      places,
      ports: portsOf(options.ports),
      ...(tlsCert !== undefined &&
        keyFile !== undefined && { certificate: { certFile: resolve(tlsCert), keyFile: resolve(keyFile) } }),
      ...withReader(readerOf(all)),
      ipv6: publicAddresses(machine).some((each) => isIP(each) === 6),
    };
  } finally {
    await questions.close();
  }
}

function withReader(reader: string | undefined): Pick<Wishes, "reader"> {
  return reader === undefined ? {} : { reader };
}

function shapeOf({ smarthost, nullclient, gateway, mailhub }: Options): Shape {
  const given = [
    ...(mailhub ? [{ kind: "mailhub" } as const] : []),
    ...[["smarthost", smarthost] as const, ["nullclient", nullclient] as const, ["gateway", gateway] as const].flatMap(
      ([kind, text]) => (text === undefined ? [] : [serverOf(kind, text)]),
    ),
  ];
  if (given.length > 1) wrongWord("one of --smarthost, --nullclient, --mailhub and --gateway");
  return given.at(0) ?? { kind: "standalone" };
}

/** HOST, [HOST], an address, each also with :PORT. An address has no MX records: it stands in brackets. */
function serverOf(kind: "smarthost" | "nullclient" | "gateway", text: string): Shape {
  const [, host = "", port] = /^(\[[^\]]+\]|[^:]+|[0-9a-f:]+)(?::(\d{1,5}))?$/i.exec(text) ?? [];
  const name = host.replace(/^\[(?:IPv6:)?(.*)\]$/i, "$1");
  if (isIP(name) === 0 && !isHost(name)) wrongWord(`--${kind}: "${text}" is no host, and no HOST:PORT`);
  if (port !== undefined && kind === "nullclient") wrongWord("--nullclient: the hub is reached at port 25");
  const server = isIP(name) === 0 ? host.toLowerCase() : `[${isIP(name) === 6 ? "IPv6:" : ""}${name}]`;
  return { kind, server, ...(port === undefined ? {} : { port: Number(port) }) };
}

/** A name that others could know, or one below the domain. */
function usualHost({ hostName }: Machine, domain: string, { kind }: Shape): string {
  const name = hostName.toLowerCase();
  if (isHost(name) && !/\.(?:local|localdomain|lan|home|internal)$/.test(name)) return name;
  const [first] = name.split(".");
  const own = kind === "smarthost" || kind === "nullclient" ? first : "mail";
  return isHost(`${own}.${domain}`) ? `${own}.${domain}` : `mail.${domain}`;
}

function usualUsers(somebody: boolean): Users {
  return somebody ? { kind: "accounts" } : { kind: "file", first: "postmaster" };
}

function usersOf(options: Options, shape: Shape, usual: Users, questions: Questions): Promise<Users> | Users {
  const { user, accounts } = options;
  if (user !== undefined) return { kind: "file", first: user };
  if (accounts || !hasMailboxes({ shape }) || shape.kind === "smarthost") return { kind: "accounts" };
  return questions.users(usual);
}

function portsOf(text = "25,587,465"): Wishes["ports"] {
  const [smtp, submission, submissions, ...more] = text.split(",").map(Number);
  const all = [smtp, submission, submissions];
  if (more.length > 0 || !all.every((each) => Number.isInteger(each) && each >= 0 && each < 65_536))
    wrongWord(`--ports: "${text}" is not three ports, as 25,587,465`);
  return { smtp, submission, submissions };
}

/** Writes, compiles, builds; says what it did, who may log in, and what to publish. */
async function carryOut(wishes: Wishes, machine: Machine, { output }: CommandStreams): Promise<void> {
  const { settings, home, mailboxes } = wishes.places;
  const isTrial = settings !== placesBelow().settings;
  const account = isTrial ? undefined : ensureAccount();
  if (account !== undefined) output.line(account);
  mkdirSync(settings, { recursive: true, mode: 0o755 });
  if (hasMailboxes(wishes)) mkdirSync(mailboxes, { recursive: true, mode: 0o755 });
  mkdirSync(resolve(home, ".."), { recursive: true, mode: 0o755 });
  makeHome(home);
  const texts = tableTexts(wishes);
  const planned: PlannedFile[] = [
    { path: join(settings, "site.mc"), text: siteMc(wishes), mode: 0o644 },
    { path: join(settings, "submit.mc"), text: submitMc(wishes), mode: 0o644 },
    ...texts.map(({ name, text }) => ({ path: join(settings, name), text, mode: 0o644 })),
    ...(hasMailboxes(wishes) ? usersText(wishes) : []),
    ...tlsKey(wishes, systemClock.now()),
    ...dkimKey(wishes),
  ];
  const say = (lines: readonly string[]): void => lines.forEach((line) => output.line(line));
  for (const file of planned) say(outcomeLines(writePlanned(file)));
  for (const name of ["site", "submit"]) {
    const compiled = compileBeside(
      join(settings, `${name}.mc`),
      join(settings, `${name === "site" ? "sendmail" : name}.cf`),
    );
    if (compiled.problems !== "") output.line(compiled.problems);
    if (compiled.kind === "failed") throw new CommandError(`rulemail setup: ${name}.mc cannot be compiled`, EX.CONFIG);
    say(outcomeLines(compiled));
  }
  for (const { name, table } of texts) {
    if (table === undefined) continue;
    const { outcome, problems } = buildTable(table, join(settings, name));
    say([...outcomeLines(outcome), ...problems]);
  }
  const password = hasMailboxes(wishes) ? await firstPassword(wishes) : undefined;
  if (password !== undefined && wishes.users.kind === "file")
    say([
      "",
      `login      ${wishes.users.first}, password ${password} (it stands nowhere else: rulemail passwd set changes it)`,
    ]);
  say(["", ...zoneLines(wishes, publicAddresses(machine)), ""]);
  const variable = isTrial ? `RULEMAIL_HOME=${home} ` : "";
  say([`start      ${variable}${typedCommand("sendmail")} -bd -C ${join(settings, "sendmail.cf")}`, ""]);
}
