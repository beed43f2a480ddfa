/** What a tab key may complete in test mode: commands, and names of rulesets, mailers, maps and classes. */
import type { Config } from "../../config/config.ts";
import { writeMacroName } from "../../rewriting/macro-name.ts";

const SLASH = ["/canon", "/explain", "/map", "/mx", "/parse", "/quit", "/try", "/tryflags"];

/** Each row: what stands before the cursor (the last group is the word), and what may stand there. */
const ROWS: readonly (readonly [RegExp, (config: Config) => readonly string[]])[] = [
  [/^(\/[^ \t]*)$/, () => SLASH],
  [/^\/map[ \t]+([^ \t]*)$/i, ({ maps }) => [...maps.values()].map(({ name }) => name)],
  [/^\/try[ \t]+([^ \t]*)$/i, ({ mailers }) => [...mailers.keys()]],
  [/^\/tryflags[ \t]+([^ \t]*)$/i, () => ["es", "er", "hs", "hr"]],
  [/^=S([^ \t]*)$/, rulesetNames],
  [/^(=[^ \t]*)$/, () => ["=S", "=M"]],
  [/^\$=([^ \t]*)$/, classNames],
  [/^(?:[^ \t/=$.#?-][^ \t]*,)?([^ \t,/=$.#?-][^ \t,]*|)$/, rulesetNames],
];

/** As node:readline wants it: the candidates, and the part of the line that they replace. */
export function complete(config: Config, line: string): [string[], string] {
  for (const [form, names] of ROWS) {
    const word = form.exec(line)?.[1];
    if (word === undefined) continue;
    const fitting = names(config).filter((name) => name.toLowerCase().startsWith(word.toLowerCase()));
    return [fitting.toSorted(), word];
  }
  return [[], line];
}

function rulesetNames({ rulesets }: Config): readonly string[] {
  return rulesets.all().flatMap(({ number }) => {
    const name = rulesets.nameOf(number);
    return name === String(number) ? [name] : [name, ...(number < 100 ? [String(number)] : [])];
  });
}

/** Classes that have words or that a rule asks for, as they are written. */
function classNames(config: Config): readonly string[] {
  const names = new Set(config.classNames?.() ?? []);
  for (const { rules } of config.rulesets.all()) {
    for (const { lhs } of rules)
      for (const pattern of lhs) if (pattern.kind === "class" || pattern.kind === "not-class") names.add(pattern.name);
  }
  return [...names].map(writeMacroName);
}
