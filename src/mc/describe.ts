/** What each part of the library says about itself: the comment that its file opens with. */
import type { Library } from "./library.ts";

const folders = ["feature", "mailer", "ostype", "domain", "hack"] as const;

export function partNames(library: Library): string[] {
  return folders.flatMap((folder) => library.names(folder));
}

export interface LibraryPart {
  /** The folder it lives in, and in capitals the macro that loads it. */
  readonly kind: (typeof folders)[number];
  readonly name: string;
  readonly comment: string;
}

/** Everything a site file can ask for, with what it says about itself. */
export function libraryParts(library: Library): LibraryPart[] {
  return folders.flatMap((kind) =>
    library
      .names(kind)
      .map((name) => ({ kind, name, comment: openingComment(library.read(`${kind}/${name}.m4`) ?? "") })),
  );
}

/** The opening comments of every part of that name, or undefined when there is none. */
export function describePart(library: Library, name: string): string | undefined {
  const found = folders
    .map((folder) => library.read(`${folder}/${name}.m4`))
    .filter((text) => text !== undefined)
    .map(openingComment);
  return found.length === 0 ? undefined : found.join("\n");
}

/** The first run of dnl lines, without the dnl. */
function openingComment(text: string): string {
  const lines = text.split("\n");
  const start = lines.findIndex((line) => line.startsWith("dnl"));
  if (start < 0) return "";
  const end = lines.findIndex((line, index) => index > start && !line.startsWith("dnl"));
  return lines
    .slice(start, end < 0 ? undefined : end)
    .map((line) => `${line.slice(4)}\n`)
    .join("");
}
