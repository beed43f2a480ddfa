/** A difference of two configurations as text, one heading for each kind of thing. */
import { writeMacroName } from "../rewriting/macro-name.ts";
import type { Difference } from "./diff.ts";
import type { LineChange, ValueChange } from "./diff-lists.ts";

/** The empty text when there is none. */
export function diffReport(difference: Difference): string {
  const { options, mailers, classes, classFiles, maps, macros, headers, rulesets, others, probes } = difference;
  const sections: readonly (readonly [string, readonly string[]])[] = [
    ["options", options.flatMap((each) => valueLines(each))],
    [
      "mailers",
      mailers.flatMap(({ name, kind, equates }) =>
        kind === "changed"
          ? [`  ${name}`, ...equates.flatMap((each) => valueLines(each, "    "))]
          : [`${sign(kind)} ${name}`],
      ),
    ],
    [
      "classes",
      [
        ...classes.flatMap(({ name, words }) => [`  $=${writeMacroName(name)}`, ...changeLines(words)]),
        ...changeLines(classFiles, ""),
      ],
    ],
    ["maps", maps.flatMap((each) => valueLines(each))],
    ["macros", macros.flatMap((each) => valueLines({ ...each, name: `$${writeMacroName(each.name)}` }))],
    ["headers", headers.flatMap((each) => valueLines(each))],
    [
      "rulesets",
      rulesets.flatMap(({ name, kind, rules }) => [
        `${kind === "changed" ? " " : sign(kind)} S${name}`,
        ...changeLines(rules),
      ]),
    ],
    ["others", others.flatMap((each) => valueLines(each))],
    ["where addresses go", probes.flatMap((each) => valueLines(each))],
  ];
  return sections
    .filter(([, lines]) => lines.length > 0)
    .map(([heading, lines]) => `${heading}:\n${lines.join("\n")}\n`)
    .join("\n");
}

function sign(kind: "removed" | "added"): string {
  return kind === "removed" ? "-" : "+";
}

function valueLines({ name, before, after }: ValueChange, indent = "  "): string[] {
  return [
    `${indent}${name}`,
    ...(before === undefined ? [] : [`${indent}- ${before}`]),
    ...(after === undefined ? [] : [`${indent}+ ${after}`]),
  ];
}

function changeLines(changes: readonly LineChange[], indent = "    "): string[] {
  return changes.map(({ kind, text }) => `${indent}${sign(kind)} ${text}`);
}
