/** L012 and L013: maps that rules ask but no K line makes, and maps that nobody asks. */
import { parseMapDeclaration } from "../../cf/parse-line.ts";
import type { Subject } from "../subject.ts";
import type { Issue } from "./codes.ts";
import type { Flow } from "./flow.ts";
import type { References } from "./references.ts";

/** Maps that only compute: they open nothing, and configurations carry them around for whoever needs them. */
const COMPUTING = /^(?:arith|macro|dequote|syslog|stab|null)$/i;

export function checkMaps({ statements }: Subject, { maps, any }: References, flow: Flow): Issue[] {
  const declared = new Map<string, { readonly name: string; readonly mapClass: string; readonly line: number }>();
  for (const { node, first } of statements) {
    if (node.kind !== "map") continue;
    const { name, mapClass } = parseMapDeclaration(node.body);
    if (!declared.has(name.toLowerCase())) declared.set(name.toLowerCase(), { name, mapClass, line: first });
  }
  const asked = new Set(maps.map(({ name }) => name.toLowerCase()));
  const issues: Issue[] = [];
  for (const { name, line, rule } of maps) {
    const key = name.toLowerCase();
    if (rule && !flow.mayFire(rule)) continue;
    // "host" exists without a K line.
    if (key === "host" || declared.has(key)) continue;
    issues.push({ code: "L012", line, text: `map ${name} is asked here, but no K line makes it`, group: key });
  }
  if (any.maps) return issues;
  for (const [key, { name, mapClass, line }] of declared) {
    if (asked.has(key) || key === "host" || name === "" || COMPUTING.test(mapClass)) continue;
    issues.push({ code: "L013", line, text: `map ${name} is never asked` });
  }
  return issues;
}
