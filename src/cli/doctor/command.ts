/**
 * `rulemail doctor [DOMAIN]...`: what is wrong with this mail server, its machine and its DNS, and what to do about it. Silent
 * where nothing is. It changes nothing.
 */
import yargs from "yargs";
import { EX } from "../../sys/sysexits.ts";
import { type CommandStreams, processStreams } from "../command-streams.ts";
import { ownConfigFile } from "../config-file.ts";
import { CommandError, runToStatus } from "../database-target.ts";
import { CHECKS, examine, type Examination } from "./examine.ts";
import { severityOf } from "./finding.ts";
import { closePatient, openPatient, type Surroundings, systemSurroundings } from "./patient.ts";
import { examinationJson, findingLines, monitoringReport, NAGIOS, sorted } from "./report.ts";

function parser(words: readonly string[]) {
  return yargs([...words])
    .scriptName("rulemail doctor")
    .usage("rulemail doctor [options] [DOMAIN]...")
    .option("C", { type: "string", nargs: 1, describe: "configuration file, a .cf" })
    .option("before", { type: "boolean", default: false, describe: "no server has to run yet" })
    .option("all", { type: "boolean", default: false, describe: "also notes, and what could not be looked at" })
    .option("only", { type: "string", array: true, nargs: 1, describe: "this check alone (may be repeated)" })
    .option("selector", {
      type: "string",
      array: true,
      nargs: 1,
      describe: "a DKIM selector of the domains (may be repeated)",
    })
    .option("list", { type: "boolean", default: false, describe: "the checks" })
    .option("json", { type: "boolean", default: false, describe: "findings for programs" })
    .option("monitoring", {
      type: "boolean",
      default: false,
      describe: "one line, and exit statuses, as Nagios plugins have them",
    })
    .example("rulemail doctor example.com", "everything, and the DNS of example.com")
    .example("rulemail doctor --monitoring", "0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN")
    .epilogue(
      "Without DOMAIN the domains of the configuration count. Exit 0: nothing found, 1: warnings, 2: something critical. " +
        "Each finding has its section in docs/doctor.md.",
    )
    .parserConfiguration({ "parse-numbers": false, "parse-positional-numbers": false })
    .strictOptions()
    .version(false)
    .exitProcess(false);
}

/** @returns the status that --help tells of */
export function runDoctor(
  words: readonly string[],
  streams: CommandStreams = processStreams(),
  around: () => Surroundings = systemSurroundings,
): Promise<number> {
  return runToStatus(streams, async () => {
    let complaint: string | undefined;
    const options = await parser(words)
      .fail((message, error) => void (complaint = message || error.message))
      .parse();
    if (complaint !== undefined) throw usage(complaint);
    if (options["help"] === true) return EX.OK;
    const { output } = streams;
    if (options.list) {
      for (const { name, about } of CHECKS) output.line(`${name.padEnd(14)} ${about}`);
      return EX.OK;
    }
    const only = options.only ?? [];
    const unknown = only.find((name) => !CHECKS.some((each) => each.name === name));
    if (unknown !== undefined) throw usage(`there is no check "${unknown}"; --list shows them`);
    const domains = options._.map(String);
    const wrong = domains.find((each) => !/^(?=.{1,253}\.?$)[a-z0-9_-]+(?:\.[a-z0-9_-]+)+\.?$/i.test(each));
    if (wrong !== undefined) throw usage(`"${wrong}" is no domain`);
    const file = ownConfigFile({ configFile: options.C });
    const { before, selector: selectors = [] } = options;
    const patient = await openPatient({ file, domains, before, selectors }, around());
    try {
      const examination = await examine(patient, only);
      if (options.monitoring) {
        const { status, lines } = monitoringReport(examination);
        for (const line of lines) output.line(line);
        return NAGIOS[status];
      }
      if (options.json) output.line(examinationJson(examination));
      else for (const line of examinationLines(examination, options.all)) output.line(line);
      return exitOf(examination);
    } finally {
      closePatient(patient);
    }
  });
}

function usage(text: string): CommandError {
  return new CommandError(`rulemail doctor: ${text}; see rulemail doctor --help`, EX.USAGE);
}

/** @param all also notes, and what was not looked at */
function examinationLines({ findings, skipped }: Examination, all: boolean): string[] {
  const told = sorted(findings).filter((each) => all || severityOf(each) !== "note");
  const passed = all ? skipped.map(({ check, reason }) => `not looked at: ${check}: ${reason}`) : [];
  return [...told.flatMap(findingLines), ...passed];
}

function exitOf({ findings }: Examination): number {
  const severities = findings.map(severityOf);
  return severities.includes("critical") ? 2 : severities.includes("warning") ? 1 : 0;
}
