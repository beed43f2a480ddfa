/**
 * Open relay: the rules are walked for every shape of client, sender and address (as `rulemail lint` does), and then sessions
 * are held by the server's own code, with a stranger who is only supposed to be there (as `rulemail session` does). The same
 * sessions show whether postmaster can be reached (RFC 5321 §4.5.1).
 */
import { checkRelaying } from "../../../analysis/lint/relaying.ts";
import { ELSEWHERE, relayForms } from "../../../analysis/lint/strangers.ts";
import type { PortOptions } from "../../../config/config.ts";
import { Trial } from "../../../smtpd/trial.ts";
import { clientOf, endsOf } from "../../session/client.ts";
import { openTrialSite, type TrialSite } from "../../session/trial-site.ts";
import type { Check } from "../check.ts";
import type { Finding } from "../finding.ts";
import { configOf, hostNameOf, openPorts, type Patient } from "../patient.ts";
import { SkipError } from "../skip-error.ts";

/** The stranger's domain and that of his victim exist; nothing else does, and no network is asked. */
const NAMES: readonly string[] = ["none", "stranger.example A 203.0.113.77", `${ELSEWHERE} A 203.0.113.200`];
const STRANGER = new Map([
  ["client", ["203.0.113.77"]],
  ["name", ["client.stranger.example"]],
] as const);

/** Addresses in one transaction: fewer than any limit of recipients or of bad commands. */
const AT_A_TIME = 5;

export const relaying: Check = {
  name: "relaying",
  about: "whether strangers can send through this server, and whether postmaster gets mail",
  needs: "configuration",
  async run(patient) {
    const { subject, file } = patient;
    const found = (await checkRelaying(subject!)).map(({ line, text }) => relay(`${file}:${line}`, text));
    const ports = openPorts(configOf(patient));
    if (ports.length === 0) return found;
    const site = await opened(file);
    try {
      const attempts = found.length > 0 ? [] : await Promise.all(ports.map((port) => tryPort(patient, site, port)));
      return [...found, ...attempts.flat().slice(0, 1), ...(await postmaster(patient, site, ports))];
    } finally {
      await site.close();
    }
  },
};

function relay(where: string, what: string): Finding {
  const todo =
    "rulemail explain and rulemail session show which rule or table lets them; take it back before you go live";
  return { kind: "open-relay", what, where, todo };
}

async function opened(file: string): Promise<TrialSite> {
  const told: string[] = [];
  try {
    return await openTrialSite({
      file,
      elsewhere: false,
      names: NAMES,
      asksFilters: false,
      tell: (text) => told.push(text),
    });
  } catch (error) {
    throw new SkipError(`no session can be tried: ${told[0] ?? (error as Error).message}`);
  }
}

/** One session, for as long as it lasts. */
async function withTrial<T>(site: TrialSite, port: PortOptions, work: (trial: Trial) => Promise<T>): Promise<T> {
  const client = clientOf(STRANGER);
  const trial = new Trial(site.services(client, []), port, endsOf(client, port, site.interfaces));
  try {
    await trial.begin();
    if (!trial.isOver) await trial.say("EHLO client.stranger.example\r\n");
    return await work(trial);
  } finally {
    await trial.end();
  }
}

/** @returns whether the last reply is a 2xx */
async function says(trial: Trial, command: string): Promise<boolean> {
  if (trial.isOver) return false;
  const replies = await trial.say(`${command}\r\n`);
  return replies.at(-1)?.startsWith("2") === true;
}

async function tryPort(patient: Patient, site: TrialSite, port: PortOptions): Promise<Finding[]> {
  const host = hostNameOf(configOf(patient));
  const addresses = [...new Set([host, ...patient.domains].flatMap(relayForms))];
  for (const sender of ["user@stranger.example", `postmaster@${host}`]) {
    for (let at = 0; at < addresses.length; at += AT_A_TIME) {
      const some = addresses.slice(at, at + AT_A_TIME);
      const taken = await withTrial(site, port, async (trial) => {
        if (!(await says(trial, `MAIL FROM:<${sender}>`))) return undefined;
        for (const address of some) if ((await says(trial, `RCPT TO:<${address}>`)) && leaves(trial)) return address;
        return undefined;
      });
      if (taken === undefined) continue;
      const text = `a stranger at port ${port.port} says MAIL FROM:<${sender}>, RCPT TO:<${taken}>, and is accepted`;
      return [relay(`port ${port.port}`, text)];
    }
  }
  return [];
}

/** Whether the recipient that was taken last goes to another host, under a name that leads on to the victim. */
function leaves(trial: Trial): boolean {
  const last = trial.session.transaction?.recipients.at(-1);
  return last?.resolved !== undefined && last.resolved.host.toLowerCase().includes(ELSEWHERE);
}

async function postmaster(patient: Patient, site: TrialSite, ports: readonly PortOptions[]): Promise<Finding[]> {
  const port = ports.find(({ modifiers }) => !modifiers.has("a"));
  if (port === undefined) return [];
  const findings: Finding[] = [];
  for (const domain of patient.domains) {
    const reply = await withTrial(site, port, async (trial) => {
      if (trial.isOver || !(await says(trial, "MAIL FROM:<>"))) return undefined;
      return (await trial.say(`RCPT TO:<postmaster@${domain}>\r\n`)).at(-1);
    });
    // What is only put off (452, 451) says nothing about the address.
    if (reply === undefined || !reply.startsWith("5")) continue;
    findings.push({
      kind: "no-postmaster",
      what: `mail for postmaster@${domain} is refused: ${reply.split("\n")[0]}`,
      where: `postmaster@${domain}`,
      todo: "give postmaster an alias that leads to somebody who reads it (RFC 5321 §4.5.1), and run newaliases",
    });
  }
  return findings;
}
