/** What a map needs around it, in tests: no names, no users, no services unless the test gives them. */
import { openMap } from "../../src/maps/registry.ts";
import type { MapDeclaration, MapEnvironment } from "../../src/maps/environment.ts";
import type { LookupContext, LookupMap, LookupResult } from "../../src/rewriting/lookup-map.ts";
import { MacroScope } from "../../src/rewriting/macro-scope.ts";
import { configEnvironment } from "./config-environment.ts";

export function mapEnvironment(parts: Partial<MapEnvironment> = {}): MapEnvironment {
  const { resolver, machine, users, clock } = configEnvironment;
  return {
    resolver,
    machine,
    users,
    clock,
    map: () => undefined,
    services: (database) => (database === "hosts" ? ["files", "dns"] : []),
    isLocalHost: () => false,
    dontBlame: new Set(),
    log: () => undefined,
    ...parts,
  };
}

/** Declares maps from K lines ("Kname class args"), each seeing those before it. */
export function declareMaps(lines: readonly string[], parts: Partial<MapEnvironment> = {}) {
  const maps = new Map<string, LookupMap>();
  const declarations = new Map<string, MapDeclaration>();
  const problems: string[] = [];
  const environment = mapEnvironment({ map: (name) => maps.get(name.toLowerCase()), ...parts });
  lines.forEach((text, index) => {
    const [, name, mapClass, args] = /^K\s*(\S+)\s+(\S+)\s*(.*)$/s.exec(text)!;
    const folded = name.toLowerCase();
    const at = { file: "test.cf", line: index + 1 };
    const declaration = { name, mapClass, args, at, earlier: declarations.get(folded) };
    declarations.set(folded, declaration);
    const { map, diagnostics } = openMap(declaration, environment);
    if (map) maps.set(folded, map);
    problems.push(...diagnostics.map((each) => each.message));
  });
  return { map: (name: string) => maps.get(name.toLowerCase())!, problems, environment };
}

export function lookupContext(parts: Partial<LookupContext> = {}): LookupContext {
  return { scope: new MacroScope(), expand: (text) => text, deferred: false, ...parts };
}

/** A result in one word: the value, "-" for missing, "!value" or "!" for a temporary failure. */
export function shortResult(result: LookupResult): string {
  if (result.kind === "found") return result.value;
  return result.kind === "missing" ? "-" : `!${result.value ?? ""}`;
}

/** Looks up and gives the result in one word. */
export async function ask(map: LookupMap, key: string, ...args: string[]): Promise<string> {
  return shortResult(await map.lookup(key, args, lookupContext()));
}
