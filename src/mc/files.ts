/**
 * Where include looks. A relative name: the folder of the file that includes it (bare m4: the current folder), then the
 * `-I` folders, then the library.
 * Any path that ends in m4/cf.m4 is the frame of our own library: existing .mc files begin with such a line, naming the
 * place where another mail server keeps its own.
 */
import { dirname, isAbsolute, join } from "node:path";
import type { FileSource, FoundFile } from "./expand.ts";
import { type Library, nearest, readText } from "./library.ts";

const FRAME = /(?:^|\/)m4\/cf\.m4$/;

/** Folder of the library → what its files are called in an .mc file. */
const kinds: Readonly<Record<string, string>> = {
  feature: "FEATURE",
  mailer: "MAILER",
  ostype: "OSTYPE",
  domain: "DOMAIN",
  hack: "HACK",
};

export interface SearchOptions {
  readonly library: Library | undefined;
  readonly includePath: readonly string[];
  /** As GNU m4 does: relative names begin where the program runs, not where the including file lies. */
  readonly fromHere?: boolean;
  /** Hears of a file that was found in a folder of the path. */
  readonly onFound?: (name: string, file: string) => void;
  /** Called when the frame is loaded. */
  readonly onFrame?: () => void;
}

function tryFile(path: string): FoundFile | undefined {
  const text = readText(path);
  return text === undefined ? undefined : { file: path, text };
}

export function searchPath({ library, includePath, fromHere = false, onFound, onFrame }: SearchOptions): FileSource {
  const fromLibrary = (name: string): FoundFile | undefined => {
    const text = library?.read(name);
    return text === undefined ? undefined : { file: library!.root + name, text };
  };
  const inLibrary = (name: string): string | undefined =>
    library && name.startsWith(library.root) ? name.slice(library.root.length) : undefined;

  const relative = (name: string, from: string): FoundFile | undefined => {
    if (name === "") return undefined;
    const first = tryFile(fromHere ? name : join(dirname(from), name));
    if (first) return first;
    for (const folder of includePath) {
      const found = tryFile(fromHere ? `${folder}/${name}` : join(folder, name));
      if (!found) continue;
      onFound?.(name, found.file);
      return found;
    }
    return fromLibrary(name);
  };

  return {
    find(name, from) {
      if (library && FRAME.test(name)) {
        onFrame?.();
        const frame = fromLibrary("m4/cf.m4");
        // The whole library hangs on this line; what the site has set is the better reason for what it writes.
        return frame && { ...frame, byItself: true };
      }
      const rest = inLibrary(name);
      // A FEATURE or OSTYPE of the site's own lies beside its .mc or in a folder named with -I.
      if (rest !== undefined) return fromLibrary(rest) ?? relative(rest, from);
      return isAbsolute(name) ? tryFile(name) : relative(name, from);
    },
    explain(name) {
      const rest = inLibrary(name);
      const [, folder, short] = /^(\w+)\/(.*)\.m4$/.exec(rest ?? "") ?? [];
      if (!library || folder === undefined || kinds[folder] === undefined) return undefined;
      const close = nearest(short, library.names(folder));
      return `unknown ${kinds[folder]} \`${short}'${close === undefined ? "" : `: did you mean \`${close}'?`}`;
    },
  };
}
