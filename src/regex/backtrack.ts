/**
 * Runs regular expressions with back references, which no matcher can run fast in all cases, on JavaScript's own engine.
 * The first match by preference is taken, not the longest. Texts are cut to what a map key may be.
 */
import type { Assertion, OctetSet, Regex, RegexNode } from "./posix-regex.ts";
import type { Matcher } from "./regex-program.ts";

/** Longest text that is looked at. */
const LONGEST = 256;

export function compileBacktracking({ root, groups }: Regex, ignoreCase: boolean): Matcher {
  const pattern = new RegExp(sourceOf(root), ignoreCase ? "dsi" : "ds");
  return {
    match(text) {
      const match = pattern.exec(text.slice(0, LONGEST));
      if (!match) return undefined;
      const positions = new Int32Array(2 * (groups + 1)).fill(-1);
      match.indices?.forEach((pair, group) => {
        if (pair) positions.set(pair, group * 2);
      });
      return positions;
    },
  };
}

const ASSERTIONS: Readonly<Record<Assertion, string>> = {
  start: "^",
  end: "$",
  "word-edge": "\\b",
  "no-word-edge": "\\B",
  "word-start": "\\b(?=\\w)",
  "word-end": "\\b(?<=\\w)",
};

function sourceOf(node: RegexNode): string {
  switch (node.kind) {
    case "empty":
      return "(?:)";
    case "set":
      return setSource(node.set);
    case "assert":
      return ASSERTIONS[node.what];
    case "group":
      return `(${sourceOf(node.body)})`;
    case "back":
      // Braced, so that a digit after it stays a digit.
      return `(?:\\${node.number})`;
    case "sequence":
      return node.parts.map(sourceOf).join("");
    case "choice":
      return `(?:${node.parts.map(sourceOf).join("|")})`;
    case "repeat":
      return `(?:${sourceOf(node.body)}){${node.least},${node.most === Infinity ? "" : node.most}}`;
    default:
      return node satisfies never;
  }
}

function setSource(set: OctetSet): string {
  const octets = [...set.keys()].filter((octet) => set[octet] === 1);
  return `[${octets.map((octet) => `\\x${octet.toString(16).padStart(2, "0")}`).join("")}]`;
}
