/**
 * A= of a mailer as the root side compares it (rights/program-words.ts): macros that the configuration fixes are expanded, what
 * depends on a message is marked, and conditionals come out in each way they can.
 */
import type { Config } from "../config/config.ts";
import type { Mailer } from "../config/mailer.ts";
import { argumentText } from "../delivery/program-agent.ts";
import { MacroScope } from "../rewriting/macro-scope.ts";
import { PLACE, type WordTemplate } from "../rights/program-words.ts";

/** Our names: host, domain, version, the name in bounces. Others of one small letter, or that begin with one, come with mail. */
const OURS = new Set(["j", "k", "l", "m", "n", "o", "v", "w"]);
const PLACES: ReadonlyMap<string, string> = new Map([
  ["u", PLACE.user],
  ["h", PLACE.host],
  ["z", PLACE.home],
]);
/** So many conditions are looked at in each combination; of more, all set and none set. */
const MOST = 4;

export function wordsOf(config: Config, mailer: Mailer): readonly WordTemplate[] {
  const scope = new OpenScope(config.macros);
  const expand = (): WordTemplate => {
    const words = mailer.argv.map((text) => argumentText(config.expand(text, scope)));
    return [...words.slice(0, 1), ...senderWords(mailer), ...words.slice(1)];
  };
  // A place may be empty, too: only what differs in more than that is another way.
  const found = new Map<string, WordTemplate>();
  const add = (): void => {
    const words = expand();
    const key = JSON.stringify(words.map((word) => word.replaceAll(/\0[hxz]/g, "")));
    if (!found.has(key)) found.set(key, words);
  };
  add();
  for (const cleared of subsets([...scope.asked])) {
    scope.cleared = cleared;
    add();
  }
  return [...found.values()];
}

/** F=f and F=r. */
function senderWords({ flags }: Mailer): string[] {
  return ["f", "r"].flatMap((flag) => (flags.has(flag) ? [`-${flag}`, PLACE.text] : []));
}

function subsets(names: readonly string[]): ReadonlySet<string>[] {
  if (names.length > MOST) return [new Set(names)];
  return Array.from(
    { length: 2 ** names.length - 1 },
    (_, number) => new Set(names.filter((_name, at) => (number + 1) & (1 << at))),
  );
}

/** Has a mark for whatever a message decides about. */
class OpenScope extends MacroScope {
  readonly #fixed: MacroScope;
  /** Open macros that were looked at. */
  readonly asked = new Set<string>();
  /** Those that have no value. */
  cleared: ReadonlySet<string> = new Set();

  constructor(fixed: MacroScope) {
    super();
    this.#fixed = fixed;
  }

  override get(name: string): string | undefined {
    if (name.length === 1 ? OURS.has(name) || /[A-Z]/.test(name) : /^[A-Z]/.test(name)) return this.#fixed.get(name);
    // A program is always for somebody.
    if (name !== "u") this.asked.add(name);
    return this.cleared.has(name) ? undefined : (PLACES.get(name) ?? PLACE.text);
  }
}
