/**
 * The words that a program of the configuration may be started with as root. A= is kept in the terms with its fixed text
 * expanded and its open places marked; what the server wants to fill in is looked at place by place, because to choose the
 * arguments of a program that runs as root is nearly to be root.
 *
 * Example: the template of `procmail -Y -a $h -d $u` is ["procmail", "-Y", "-a", "\0h", "-d", "\0u"].
 */
import { lstatSync, type Stats } from "node:fs";
import { normalize } from "node:path";

/** Marks of places; no argument has a NUL. `$u`, `$h`, `$z`, and whatever else a message decides about. */
export const PLACE = { user: "\0u", host: "\0h", home: "\0z", text: "\0x" } as const;

/** One way in which A= can come out (conditionals): its words, with marks. */
export type WordTemplate = readonly string[];

/** What is still to be found out about words that fit: who is named must be a user of the terms. */
export interface NamedUsers {
  readonly users: readonly string[];
  /** Each the home of one of the users. */
  readonly homes: readonly string[];
}

/** @returns undefined when the words are none that the configuration can have meant */
export function fitWords(templates: readonly WordTemplate[], words: unknown): NamedUsers | undefined {
  if (!Array.isArray(words) || !words.every((each): each is string => typeof each === "string")) return undefined;
  for (const template of templates) {
    const found = fitOne(repeated(template, words.length), words);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Nothing open: for programs that are told in a conversation for whom they deliver. */
export function fitExactly(templates: readonly WordTemplate[], words: unknown): boolean {
  const fixed = templates.filter((template) => !template.some((word) => word.includes("\0")));
  return fitWords(fixed, words) !== undefined;
}

/** A word with `$u` stands once for each recipient. */
function repeated(template: WordTemplate, count: number): WordTemplate {
  const each = template.filter((word) => word.includes(PLACE.user)).length;
  const times = each === 0 ? 1 : (count - (template.length - each)) / each;
  if (!Number.isInteger(times) || times < 1) return [];
  return template.flatMap((word) => (word.includes(PLACE.user) ? Array<string>(times).fill(word) : [word]));
}

function fitOne(template: WordTemplate, words: readonly string[]): NamedUsers | undefined {
  if (template.length === 0 || template.length !== words.length) return undefined;
  const users: string[] = [];
  const homes: string[] = [];
  for (const [at, word] of template.entries()) {
    if (!word.includes("\0")) {
      if (word !== words[at]) return undefined;
      continue;
    }
    // What stands here is a command to whatever has such an option: shells above all.
    if (at > 0 && template[at - 1] === "-c") return undefined;
    const places = fitWord(word, words[at]);
    if (places === undefined) return undefined;
    users.push(...places.users);
    homes.push(...places.homes);
  }
  return { users, homes };
}

function fitWord(template: string, word: string): NamedUsers | undefined {
  // An option that the configuration has not written.
  if (template.startsWith("\0") && word.startsWith("-")) return undefined;
  const parts = template.split(/(\0[uhzx])/);
  const marks = parts.filter((part) => part.startsWith("\0"));
  const pattern = parts.map((part) => (part.startsWith("\0") ? "([^\\x00-\\x1f\\x7f]*)" : literal(part))).join("");
  const filled = new RegExp(`^${pattern}$`, "s").exec(word)?.slice(1);
  if (filled === undefined) return undefined;
  const users: string[] = [];
  const homes: string[] = [];
  for (const [at, text] of filled.entries()) {
    if (marks[at] === PLACE.user) {
      if (!isName(text)) return undefined;
      users.push(text);
    } else if (marks[at] === PLACE.home) homes.push(text);
    else if (marks[at] === PLACE.host && !isHost(text)) return undefined;
  }
  return { users, homes };
}

function isName(text: string): boolean {
  return text !== "" && !text.startsWith("-") && !text.includes("/");
}

/** A detail, or a file that the rules name. */
function isHost(text: string): boolean {
  return text !== "." && text !== ".." && (!text.includes("/") || isRootsText(normalize(`/${text}`)));
}

/** An address is no account, but nothing else either: no command, no file, no option. */
export function isPlainAddress(text: string): boolean {
  return /^\w[\w.%+=-]*@\w[\w.-]*$/.test(text);
}

/** Where administrators keep rules of programs (`$#procmail $@ /etc/procmailrcs/list.rc`). */
const TEXTS = ["/etc/", "/usr/local/etc/"];

/** A file that nobody but root can have put there, nor written: nor any folder above it. */
function isRootsText(path: string): boolean {
  if (!TEXTS.some((folder) => path.startsWith(folder))) return false;
  try {
    let place = "";
    for (const step of path.split("/").slice(1, -1)) {
      const status = lstatSync((place += `/${step}`));
      if (!status.isDirectory() || !isRoots(status)) return false;
    }
    const status = lstatSync(path);
    return status.isFile() && isRoots(status);
  } catch {
    return false;
  }
}

function isRoots({ uid, mode }: Stats): boolean {
  return uid === 0 && (mode & 0o022) === 0;
}

/** A text as a pattern that matches it and nothing else. */
export function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}
