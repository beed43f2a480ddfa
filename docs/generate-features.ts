/** Writes docs/features.md from the comments that open the files of macros/: `npm run docs`. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type LibraryPart, libraryParts } from "../src/mc/describe.ts";
import { folderLibrary } from "../src/mc/library.ts";

const HEAD = `# Parts of the macro library

<!-- Made by \`npm run docs\` from the comments that open the files of macros/. Do not edit. -->

What an \`.mc\` file can ask for, one file each in \`macros/\`. \`rulemail mc --help-feature NAME\` prints the same.`;

const SECTIONS: readonly { kind: LibraryPart["kind"]; title: string; text: string }[] = [
  { kind: "feature", title: "FEATURE", text: "Each stands above the MAILER lines." },
  { kind: "mailer", title: "MAILER", text: "At the end of the file, `local` before `smtp`." },
  { kind: "ostype", title: "OSTYPE", text: "One of them, above everything that defines paths." },
  { kind: "domain", title: "DOMAIN", text: "What the hosts of an organisation share; write your own." },
  { kind: "hack", title: "HACK", text: "Parts that nobody promises to keep; write your own." },
];

/** Names that are only kept so that old files compile get a line together, not a chapter each. */
const PAST = "a system of the past; its paths are known, but nobody has tried them for long.";

/** The whole page. */
export function featuresPage(): string {
  const parts = libraryParts(folderLibrary(join(import.meta.dirname, "..", "macros")));
  const sections = SECTIONS.map(({ kind, title, text }) => {
    const own = parts.filter((part) => part.kind === kind);
    const past = own.filter((part) => part.comment.includes(PAST));
    const living = own.filter((part) => !past.includes(part));
    const names = past.map(({ name }) => `\`${name}\``).join(", ");
    const last = past.length === 0 ? [] : [`Systems of the past, whose paths nobody has tried for long: ${names}.`];
    return [`## ${title}`, text, ...living.map(chapter), ...last].join("\n\n");
  });
  return `${[HEAD, ...sections].join("\n\n")}\n`;
}

/**
 * One part. Its comment is the call, a colon and what it does; paragraphs; and last, below `Example:`, lines to copy.
 */
function chapter({ name, comment }: LibraryPart): string {
  const [text, example = ""] = comment.trim().split(/^Example:[ \t]*\n?/m);
  const end = text.search(/\):\s/) + 1;
  const call = text.slice(0, end);
  const [what, ...more] = paragraphs(text.slice(end + 1));
  const sentence = what.charAt(0).toUpperCase() + what.slice(1);
  const shown = examples(example).filter((each) => each !== codeBlock(call));
  return [`### ${name}`, codeBlock(call), sentence, ...more, ...shown].join("\n\n");
}

/** A label (`Arguments:`, `Keys:`) begins a paragraph of its own. */
function paragraphs(text: string): string[] {
  return text
    .split(/\n\s*\n|\n(?=[A-Z][a-z]+:\s)/)
    .map((each) => prose(each.trim().replace(/\s*\n\s*/g, " ")).replace(/^([A-Z][a-z]+:) /, "**$1** "))
    .filter((each) => each !== "" && each !== "**Arguments:** none.");
}

/** Indented lines are to be copied; what stands between them says where they go. */
function examples(text: string): string[] {
  const blocks = text.match(/(?:^ {2}.*\n?|^\n)+|(?:^\S.*\n?)+/gm) ?? [];
  return blocks
    .filter((block) => block.trim() !== "" && block.trim() !== "none.")
    .map((block) => (block.startsWith("  ") ? codeBlock(block.trimEnd().replace(/^ {2}/gm, "")) : prose(block.trim())));
}

function codeBlock(text: string): string {
  return `\`\`\`m4\n${text}\n\`\`\``;
}

/** What stands in m4's quotes becomes code; what Markdown would read as markup is kept as it is. */
function prose(text: string): string {
  return text
    .split(/(`[^`']+')/)
    .map((each, index) => (index % 2 === 1 ? `\`${each.slice(1, -1)}\`` : each.replace(/[*_<[\]`|]/g, "\\$&")))
    .join("");
}

if (import.meta.main) writeFileSync(join(import.meta.dirname, "features.md"), featuresPage());
