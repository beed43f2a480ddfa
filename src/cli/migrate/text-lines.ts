/** Lines of an old site's files, with their numbers. */
import { readFileSync } from "node:fs";

export interface NumberedLine {
  readonly line: number;
  readonly text: string;
}

/** @returns undefined where there is no such file, or it cannot be read */
export function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return undefined;
  }
}

/** Logical lines: one that begins with a blank goes on with the one above; comments and empty lines are left out. */
export function logicalLines(text: string): readonly NumberedLine[] {
  const found: { line: number; text: string }[] = [];
  for (const [index, raw] of text.split("\n").entries()) {
    if (/^\s*(?:#|$)/.test(raw)) continue;
    const last = found.at(-1);
    if (/^\s/.test(raw) && last !== undefined) last.text += ` ${raw.trim()}`;
    else found.push({ line: index + 1, text: raw.trim() });
  }
  return found;
}

export interface TableEntry extends NumberedLine {
  readonly key: string;
  readonly value: string;
}

/** Lines of a key and a value, as `postmap` and `makemap` read them; keys in lower case. */
export function tableEntries(text: string): readonly TableEntry[] {
  return logicalLines(text).flatMap((each): TableEntry[] => {
    const [, key, value = ""] = /^(\S+)(?:\s+(.*))?$/.exec(each.text) ?? [];
    return key === undefined ? [] : [{ ...each, key: key.toLowerCase(), value: value.trim() }];
  });
}

/** Lines `name: members`, as in an alias file. */
export function aliasEntries(text: string): readonly TableEntry[] {
  return logicalLines(text).flatMap((each): TableEntry[] => {
    const [, quoted, plain, value = ""] = /^(?:"([^"]*)"|([^:\s]+))\s*:\s*(.*)$/.exec(each.text) ?? [];
    const key = quoted ?? plain;
    return key === undefined ? [] : [{ ...each, key, value }];
  });
}
