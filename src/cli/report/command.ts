/**
 * `rulemail report`: what others report about our mail. DMARC aggregate reports and reports about TLS, as files (XML, JSON, gz,
 * zip) or inside the message that brought them.
 *
 *     rulemail report ~/Maildir/new/*            rulemail report --json < message
 */
import { readFileSync, statSync } from "node:fs";
import { readReports, type Report } from "../../authentication/reports/read-reports.ts";
import { errorText } from "../../sys/safe-file.ts";
import { EX } from "../../sys/sysexits.ts";
import { asciiJson } from "../../sys/terminal-text.ts";
import { type CommandStreams, processStreams } from "../command-streams.ts";
import { CommandError, runToStatus } from "../database-target.ts";
import { describeReport, describeTotals } from "./describe.ts";

const USAGE = `usage: rulemail report [--json] [FILE]...
  Sums up DMARC aggregate reports and TLS reports: XML, JSON, the same in gz or zip, or whole messages with them.
  Without FILE, or for -, standard input is read.
  --json   one JSON object for each report, one a line`;

/** Octets of one file. Messages with reports are far smaller. */
const LARGEST = 128 * 1024 * 1024;

/** @param words after "report". Resolves with the exit status: 0; 64; 65 (something is no report); 66 (a file cannot be read). */
export function runReport(words: readonly string[], streams: CommandStreams = processStreams()): Promise<number> {
  return runToStatus(streams, () => report(words, streams));
}

async function report(words: readonly string[], streams: CommandStreams): Promise<number> {
  if (words.includes("--help") || words[0] === "help") {
    streams.output.line(USAGE);
    return EX.OK;
  }
  const asJson = words.includes("--json");
  const files = words.filter((word) => word !== "--json");
  const unknown = files.find((word) => word.startsWith("-") && word !== "-");
  if (unknown !== undefined) throw new CommandError(`rulemail report: unknown option ${unknown}\n${USAGE}`, EX.USAGE);
  let status: number = EX.OK;
  const complain = (text: string, code: number): void => {
    streams.errors.line(octets(`rulemail report: ${text}`));
    status = Math.max(status, code);
  };
  const all: Report[] = [];
  for (const file of files.length === 0 ? ["-"] : files) {
    const name = file === "-" ? "standard input" : file;
    let content: Buffer;
    try {
      content = file === "-" ? await readAll(streams.input) : readFile(file);
    } catch (error) {
      complain(`${name}: ${errorText(error)}`, EX.NOINPUT);
      continue;
    }
    const { reports, problems } = readReports(content);
    for (const problem of problems) complain(`${name}: ${problem}`, EX.DATAERR);
    for (const each of reports) {
      if (asJson) streams.output.line(asciiJson(each));
      else for (const line of describeReport(each)) streams.output.line(octets(line));
    }
    all.push(...(asJson ? [] : reports));
  }
  if (all.length > 1) for (const line of describeTotals(all)) streams.output.line(octets(line));
  return status;
}

function readFile(path: string): Buffer {
  const stats = statSync(path);
  if (stats.size > LARGEST) throw new Error(`it has ${stats.size} octets, more than ${LARGEST}`);
  return readFileSync(path);
}

async function readAll(input: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of input) {
    size += chunk.length;
    if (size > LARGEST) throw new Error(`it has more than ${LARGEST} octets`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function octets(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}
