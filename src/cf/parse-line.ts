/** The text of one logical line → its node. The only user of the generated cf-line parser. */
import { parse } from "../generated/cf-line.js";
import type { ConfigLine, MapDeclaration } from "./ast.ts";

/**
 * @param text the line in value form: without comment, macros as metasymbols
 */
export function parseLine(text: string): ConfigLine {
  const kind = WITH_BODY.get(text[0]);
  return kind === undefined ? (parse(text) as ConfigLine) : { kind, body: text.slice(1) };
}

/** Nine of ten lines are a letter and one text, which is read by whoever applies the line; the grammar has the others. */
const WITH_BODY = new Map<string, "macro" | "class" | "class-file" | "ruleset" | "rule" | "map">([
  ["D", "macro"],
  ["C", "class"],
  ["F", "class-file"],
  ["S", "ruleset"],
  ["R", "rule"],
  ["K", "map"],
]);

/** `NAME CLASS ARGUMENTS` of a K line, after its macros were filled in. */
export function parseMapDeclaration(text: string): MapDeclaration {
  return parse(text, { startRule: "MapDeclaration" }) as MapDeclaration;
}
