/** What doctor says of a server that was just set up, before it is started. */
import { join } from "node:path";
import { homeFolder } from "../../daemon/home.ts";
import { examine } from "../doctor/examine.ts";
import { severityOf } from "../doctor/finding.ts";
import { closePatient, openPatient, systemSurroundings } from "../doctor/patient.ts";
import { findingLines, sorted } from "../doctor/report.ts";
import { receives, type Wishes } from "./wishes.ts";

export async function doctorLines(wishes: Wishes): Promise<readonly string[]> {
  const { places, domain } = wishes;
  const around = { ...systemSurroundings(), home: homeFolder({ RULEMAIL_HOME: places.home }) };
  const asked = {
    file: join(places.settings, "sendmail.cf"),
    domains: receives(wishes) ? [domain] : [],
    before: true,
    selectors: [],
  };
  const patient = await openPatient(asked, around);
  try {
    const { findings } = await examine(patient);
    const told = sorted(findings).filter((each) => severityOf(each) !== "note");
    return told.length === 0
      ? ["doctor     nothing found"]
      : ["doctor     found this:", "", ...told.flatMap(findingLines)];
  } finally {
    closePatient(patient);
  }
}
