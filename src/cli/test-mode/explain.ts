/** `/explain [--all|--json] ADDRESS`: the whole story of an address, as what /tryflags says (sender or recipient). */
import { type Explanation, explainAddress } from "../../analysis/explain.ts";
import { explanationJson, explanationLines } from "../../analysis/explain-text.ts";
import { openLocalNames } from "../local-names.ts";
import type { TestSession } from "./session.ts";

export async function explain(session: TestSession, argument: string): Promise<void> {
  const [, option = "", address = ""] = /^(?:(--json|--all)(?:[ \t]+|$))?([^]*)$/.exec(argument) ?? [];
  if (address === "") return session.say("Usage: /explain [--all|--json] address");
  const { config, trace, role } = session;
  const names = openLocalNames(config, session.world);
  let told: Explanation;
  try {
    told = await explainAddress(config, (watcher) => (trace.watcher = watcher), { address, role }, names);
  } finally {
    names.close();
  }
  if (option === "--json") return session.say(explanationJson(told));
  for (const line of explanationLines(told, option === "--all")) session.say(line);
}
