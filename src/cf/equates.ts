/** `Key=value, Key=value` lists. The only user of the generated equates parser. */
import { parse } from "../generated/equates.js";
import type { Equate } from "./ast.ts";

export function parseEquates(text: string): readonly Equate[] {
  return parse(text) as Equate[];
}
