/** `RULESET[,RULESET...] ADDRESS[, ADDRESS...]`: each address through the rulesets, one after the other. */
import { prescan, refusedAddress } from "../../rewriting/prescan.ts";
import type { Tokens } from "../../rewriting/tokens.ts";
import { commentsAt } from "../../config/version.ts";
import type { TestSession } from "./session.ts";

export async function runRulesets(session: TestSession, line: string): Promise<void> {
  const blank = /[ \t\v\f\r]/.exec(line)?.index;
  if (blank === undefined) return session.say("No address!");
  const names = line.slice(0, blank);
  let rest = line.slice(blank + 1);
  const { config } = session;
  const operators = config.options.text("OperatorChars");
  const refused = refusedAddress(rest);
  if (refused !== undefined) return session.complain(refused);
  while (rest !== "") {
    const { tokens, end } = prescan(rest, {
      operators,
      comments: commentsAt(config.level),
      delimiter: ",",
      trace: session.trace,
      message: (text) => session.context.message(text),
    });
    if (tokens) await runList(session, names, tokens);
    rest = rest.slice(end).replace(/^,/, "");
    if (end === 0 && tokens === undefined && rest === "") return;
  }
}

/** @returns when a name is unknown, or after the last one */
async function runList(session: TestSession, names: string, tokens: Tokens): Promise<void> {
  const { rulesets, rewriter } = session.config;
  let workspace = tokens;
  for (let rest = names; rest !== "";) {
    const { number, problems } = rulesets.find(rest);
    for (const { text } of problems) session.complain(text);
    if (number === undefined) return session.say(`Undefined ruleset ${rest}`);
    let lost = false;
    const context = { ...session.context, lost: () => void (lost = true) };
    const { tokens: result, status } = await rewriter.rewrite(number, workspace, context);
    if (status !== 0) session.say(`== Ruleset ${rest} (${number}) status ${status}`);
    workspace = lost ? [] : result;
    const comma = rest.indexOf(",");
    rest = comma === -1 ? "" : rest.slice(comma + 1);
  }
}
