/** `rulemail m4 [options] FILE...`: the bare macro processor, with the short options of GNU m4. */
import { processM4, type SourceText } from "../mc/compile.ts";
import { formatLocation } from "../source/location.ts";
import { EX } from "../sys/sysexits.ts";
import { Output } from "./output.ts";

const USAGE = `usage: rulemail m4 [-s] [-P] [-D NAME[=TEXT]] [-U NAME] [-I FOLDER] [--allow-syscmd] [FILE | -]...
`;

export interface MacroArguments {
  readonly defines: Record<string, string>;
  readonly undefines: string[];
  readonly includePath: string[];
}

/** "NAME=TEXT" or "NAME" of a -D option. */
export function addDefine(defines: Record<string, string>, word: string): void {
  const equals = word.indexOf("=");
  if (equals < 0) defines[word] = "";
  else defines[word.slice(0, equals)] = word.slice(equals + 1);
}

interface Arguments extends MacroArguments {
  readonly files: string[];
  readonly flags: Set<string>;
  readonly problem?: string;
}

function read(words: readonly string[]): Arguments {
  const found: Arguments = { defines: {}, undefines: [], includePath: [], files: [], flags: new Set() };
  const withValue: Record<string, (value: string) => void> = {
    D: (value) => addDefine(found.defines, value),
    U: (value) => found.undefines.push(value),
    I: (value) => found.includePath.push(value),
  };
  for (let index = 0; index < words.length; index++) {
    const word = words[index];
    const letter = word[1] ?? "";
    if (word === "-" || !word.startsWith("-")) found.files.push(word);
    else if (withValue[letter]) {
      const value = word.length > 2 ? word.slice(2) : words[++index];
      if (value === undefined) return { ...found, problem: `option -${letter} needs a value` };
      withValue[letter](value);
    } else if (["-s", "--synclines", "-P", "--prefix-builtins", "--allow-syscmd"].includes(word)) found.flags.add(word);
    else return { ...found, problem: `unknown option ${word}` };
  }
  return found;
}

async function standardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks).toString("latin1");
}

export async function runM4(words: readonly string[]): Promise<number> {
  const { files, flags, problem, ...macros } = read(words);
  if (problem !== undefined) {
    process.stderr.write(`m4: ${problem}\n${USAGE}`);
    return EX.USAGE;
  }
  const sources: SourceText[] = [];
  for (const file of files.length === 0 ? ["-"] : files) {
    sources.push(file === "-" ? { file: "stdin", text: await standardInput() } : { file });
  }
  const result = processM4(sources, {
    ...macros,
    allowSyscmd: flags.has("--allow-syscmd"),
    prefixBuiltins: flags.has("-P") || flags.has("--prefix-builtins"),
    syncLines: flags.has("-s") || flags.has("--synclines"),
  });
  const output = new Output();
  output.print(result.text);
  output.flush();
  process.stderr.write(result.messages);
  for (const { severity, at, message } of result.diagnostics) {
    const mark = severity === "warning" ? "Warning: " : "";
    process.stderr.write(`m4:${formatLocation(at)}: ${mark}${message}\n`);
  }
  if (result.status !== 0) return result.status;
  return result.diagnostics.some(({ severity }) => severity === "error") ? 1 : EX.OK;
}
