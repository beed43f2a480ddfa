/** The text of one logical line → its node. The only user of the generated cf-line parser. */
import { parse } from "../generated/cf-line.js";
import type { ConfigLine, MapDeclaration } from "./ast.ts";

/**
 * @param text the line in value form: without comment, macros as metasymbols
 */
export function parseLine(text: string): ConfigLine {
  return parse(text) as ConfigLine;
}

/** `NAME CLASS ARGUMENTS` of a K line, after its macros were filled in. */
export function parseMapDeclaration(text: string): MapDeclaration {
  return parse(text, { startRule: "MapDeclaration" }) as MapDeclaration;
}
