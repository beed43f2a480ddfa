/**
 * F lines: words of a class from a file, the output of a program, or the value of a key in a map.
 *
 *     F{VirtHost}-o /etc/mail/virtual-domains %[^#]
 *     FR|/usr/local/bin/relays
 *     F{VirtHost}@hash:/etc/mail/hosts        FX key@hash:/etc/mail/lists
 */
import { closeSync, readFileSync } from "node:fs";
import { unmarkLiterals } from "../rewriting/macro-text.ts";
import { openSafely, type SafetyOptions } from "../sys/safe-file.ts";
import type { SealedFiles } from "../sys/sealed-file.ts";
import { EX } from "../sys/sysexits.ts";
import type { ConfigMessages } from "./messages.ts";
import { scan } from "./scanf.ts";

/** Programs that name class members get so long. */
const PROGRAM_TIMEOUT = 60_000;
/** A class file larger than this is a mistake. */
const LARGEST = 64 * 1024 * 1024;

export interface ClassSource {
  /** `-o`: nothing is said when the file is not there. */
  readonly optional: boolean;
  /** File, program or map, without quotes. */
  readonly spec: string;
  /** scanf pattern; "%s" unless given. */
  readonly pattern: string;
}

/** `KEY@CLASS:`, after what may stand in front of it: all that follows belongs to the map. */
const MAP = /^[ \t\n]*(?:-o[^ \t\n]*[ \t\n]+)?[^/| \t\n@][^ \t\n@]*@[^ \t\n:]*:|^[ \t\n]*@[^ \t\n:]*:/;

/** What stands after the class name of an F line. */
export function readClassSource(text: string): ClassSource {
  const parts =
    /^[ \t\n]*(?<optional>-o[^ \t\n]*[ \t\n]*)?(?<spec>(?:\|[ \t\n]*)?(?:"[^"]*"?|[^ \n"]*)) *(?<pattern>[^]*)$/.exec(
      text,
    );
  const { optional, spec = "", pattern = "" } = parts?.groups ?? {};
  const plain = spec.replaceAll('"', "");
  // What stands behind a program is no pattern.
  const wanted = pattern === "" || plain.startsWith("|") ? "%s" : pattern;
  const map = MAP.test(text) ? text.replace(/^[ \t\n]*(?:-o[^ \t\n]*[ \t\n]*)?/, "") : undefined;
  return { optional: optional !== undefined, spec: map ?? plain, pattern: wanted };
}

/** `KEY@CLASS:ARGUMENTS`, `@LDAP`; undefined when the words come from a file or program. */
export function classMapOf(spec: string): { key: string; mapClass: string; args: string } | undefined {
  if (spec.startsWith("/") || spec.startsWith("|")) return undefined;
  const found = /^(?<key>[^@]*)@(?:(?<mapClass>[^:]*):(?<args>.*)|(?<short>LDAP))$/.exec(spec)?.groups;
  if (!found) return undefined;
  return { key: found.key, mapClass: found.mapClass ?? "ldap", args: found.args ?? "" };
}

/** How class files are read. */
export interface ClassFiles {
  readonly safety: SafetyOptions;
  readonly sealed: SealedFiles;
  /** Hears of each file that was read. */
  readonly read: (path: string) => void;
}

/** Words of a file or program, in order. Says what is wrong and returns what could be read. */
export function readClassWords(source: ClassSource, files: ClassFiles, messages: ConfigMessages): string[] {
  const { spec, pattern } = source;
  if (spec === "") {
    messages.error("fileclass: missing file name");
    return [];
  }
  const text = spec.startsWith("|") ? programOutput(spec.slice(1).trim()) : fileText(spec, source, files, messages);
  return wordsOf(text, pattern);
}

/** The words that a pattern finds in the lines of a text; lines that begin with `#` are comments. */
export function wordsOf(text: string, pattern: string): string[] {
  const words: string[] = [];
  for (const line of text.split("\n")) {
    if (line.startsWith("#")) continue;
    const part = scan(line, pattern);
    if (part !== undefined) words.push(...part.split(/\s+/).filter((word) => word !== ""));
  }
  return words;
}

function programOutput(program: string): string {
  const [file, ...words] = program.split(/[ \t]+/);
  if (file === "") return "";
  const run = process.getBuiltinModule("node:child_process").spawnSync(file, words, {
    stdio: ["ignore", "pipe", "inherit"],
    timeout: PROGRAM_TIMEOUT,
    maxBuffer: LARGEST,
    encoding: "latin1",
  });
  return run.stdout ?? "";
}

function fileText(
  spec: string,
  { optional }: ClassSource,
  { safety, sealed, read }: ClassFiles,
  messages: ConfigMessages,
): string {
  const refuse = (reason: string): string => {
    messages.error(`fileclass: cannot open '${spec}': ${reason}`, { exit: EX.OSERR });
    return "";
  };
  // Octets of the configuration are the octets of the name.
  const path = Buffer.from(unmarkLiterals(spec), "latin1").toString("utf8");
  const opened = openSafely(path, "class", safety);
  if (opened.kind === "absent" && optional) return "";
  const known = sealed.get(path);
  if (opened.kind === "failed" && opened.code === "EACCES" && known !== undefined) return known.toString("latin1");
  if (opened.kind !== "open") return refuse(opened.problem);
  try {
    if (opened.stats.size > LARGEST) return refuse("File too large");
    read(path);
    return readFileSync(opened.fd, "latin1");
  } finally {
    closeSync(opened.fd);
  }
}
