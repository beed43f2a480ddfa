/** Rulesets and addresses at random, always the same for a seed: for comparing two engines with each other. */

/** Numbers from 0 to below n (a linear congruential generator; good enough to pick words). */
export function randomNumbers(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >> 8) % n;
  };
}

const WORDS = ["a", "b", "C", "red", "k1", "x", ".", "@", ":", "!", "<", ">", '"q s"', "h", ";"];
const PATTERNS = ["$*", "$+", "$-", "$=x", "$=y", "$~x", "$@", "$&v", "$&w", "$&u", "$|"];
const SETS = ["A", "B", "C", "D", "7"];

function many(count: number, make: () => string): string {
  return Array.from({ length: count }, make).join(" ");
}

/** Four named rulesets and ruleset 7, with classes x and y and macros v, w, z; maps are called table, show, broken, set. */
export function randomRules(random: (n: number) => number): string {
  const pick = (list: readonly string[]): string => list[random(list.length)];

  const lhs = (): string => many(1 + random(5), () => (random(3) > 0 ? pick(PATTERNS) : pick(WORDS)));
  const lookup = (): string => {
    const map = pick(["table", "show", "broken", "set z", "nomap"]);
    const argument = random(3) > 0 ? "" : ` $@ ${item(1)}`;
    const fallback = random(2) > 0 ? ` $: ${many(1 + random(2), () => item(1))}` : "";
    return `$(${map} ${random(4) > 0 ? "$1" : pick(["one", "empty", "blank"])}${argument}${fallback} $)`;
  };
  const item = (depth: number): string => {
    const kind = random(20);
    if (kind < 8) return `$${1 + random(random(8) > 0 ? 2 : 4)}`;
    if (kind === 14) return `$&${pick(["v", "w", "u", "z"])}`;
    if (kind === 15 && depth === 0) return lookup();
    if (kind === 16 && depth === 0) return `$[ $1 ${random(2) > 0 ? "$: none " : ""}$]`;
    if (kind === 17) return `$>${pick([...SETS, "nosuch", "$1"])}`;
    if (kind === 18) return "$|";
    return kind === 19 ? pick(["$@", "$:", "$#x"]) : pick(WORDS);
  };
  const rule = (): string => {
    const control = pick(["$: ", "$: ", "$@ ", "$@ ", "$#m ", ""]);
    return `R${lhs()}\t${control}${many(1 + random(4), () => item(0))}`;
  };
  const head = 'Cxred a a.b x@a k1\nCyb.a . a. h\nDvk1\nDwa.b\nDz(c) x "q"\n';
  return head + SETS.map((set) => `S${set}\n${Array.from({ length: 1 + random(5) }, rule).join("\n")}`).join("\n");
}

export function randomAddress(random: (n: number) => number): string {
  return Array.from({ length: 1 + random(7) }, () => WORDS[random(WORDS.length)]).join(random(2) > 0 ? " " : "");
}
