/**
 * Reads the part of YAML that suites of test cases are written in: documents, mappings by indentation, plain texts on one line,
 * and blocks (`|` as they are, `>` with lines joined). Anything else is an error.
 */

/** In order; a key that comes twice is there twice. */
export type Mapping = readonly (readonly [key: string, value: Value])[];
export type Value = string | Mapping;

export function readPlainYaml(text: string): Mapping[] {
  return text
    .split(/^---[ \t]*$/m)
    .map((document) => document.split("\n"))
    .filter((lines) => lines.some((line) => line.trim() !== ""))
    .map((lines) => readMapping(lines, 0, 0).mapping);
}

export function entry(mapping: Mapping, key: string): Value | undefined {
  return mapping.find(([each]) => each === key)?.[1];
}

/** "" where there is no text. */
export function textAt(mapping: Mapping, key: string): string {
  const value = entry(mapping, key);
  return typeof value === "string" ? value : "";
}

export function mappingAt(mapping: Mapping, key: string): Mapping {
  const value = entry(mapping, key);
  return value === undefined || typeof value === "string" ? [] : value;
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}

function readMapping(lines: readonly string[], from: number, indent: number): { mapping: Mapping; next: number } {
  const mapping: (readonly [string, Value])[] = [];
  let at = from;
  while (at < lines.length) {
    const line = lines[at];
    if (line.trim() === "") {
      at++;
      continue;
    }
    if (indentOf(line) < indent) break;
    const [, key, rest] = /^ *([^\s:][^:]*):(?:\s+(.*))?$/.exec(line) ?? [];
    if (key === undefined || indentOf(line) !== indent) throw new Error(`Cannot read "${line}": wanted a key`);
    const word = (rest ?? "").trim();
    if (/^[|>]-?$/.test(word)) {
      const block = readBlock(lines, at + 1, indent, word.startsWith(">"));
      mapping.push([key, block.text]);
      at = block.next;
    } else if (word === "") {
      const first = lines.findIndex((each, index) => index > at && each.trim() !== "");
      const inner = readMapping(lines, at + 1, Math.max(indent + 1, first < 0 ? 0 : indentOf(lines[first])));
      mapping.push([key, inner.mapping]);
      at = inner.next;
    } else {
      mapping.push([key, word]);
      at++;
    }
  }
  return { mapping, next: at };
}

function readBlock(lines: readonly string[], from: number, indent: number, folded: boolean) {
  let next = from;
  while (next < lines.length && (lines[next].trim() === "" || indentOf(lines[next]) > indent)) next++;
  const block = lines.slice(from, next);
  const inner = indentOf(block.find((line) => line.trim() !== "") ?? "");
  const plain = block.map((line) => line.slice(inner));
  while (plain.length > 0 && plain[plain.length - 1] === "") plain.pop();
  return { text: folded ? plain.join(" ") : plain.map((line) => `${line}\n`).join(""), next };
}
