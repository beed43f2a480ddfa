/**
 * Where include looks. A relative name: the folder of the file that includes it (bare m4: the current folder), then the
 * `-I` folders, then the library. A part of the library (`feature/x.m4`): the site's own folders first, so that it can have
 * parts of its own under any name.
 * Any path that ends in m4/cf.m4 is the frame of our own library: existing .mc files begin with such a line, naming the
 * place where another mail server keeps its own. A folder that has the frame of such a library is no folder of the site:
 * its parts go with that frame, so that only those count which ours has not.
 */
import { existsSync } from "node:fs";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import type { FileSource, FoundFile } from "./expand.ts";
import { type Library, nearest, readText } from "./library.ts";

const FRAME = /(?:^|\/)m4\/cf\.m4$/;

/** A path to a part in a library that is not there: `../domain/generic.m4`, `/usr/share/sendmail-cf/ostype/linux.m4`. */
const PART = /(?:^|\/)((?:feature|mailer|ostype|domain|hack|siteconfig|m4)\/[^/]+\.m4)$/;

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
  /** The folder of the site's .mc file. */
  readonly home?: string;
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

function isLibrary(folder: string): boolean {
  return existsSync(join(folder, "m4/cf.m4"));
}

export function searchPath({
  library,
  includePath,
  home,
  fromHere = false,
  onFound,
  onFrame,
}: SearchOptions): FileSource {
  const fromLibrary = (name: string): FoundFile | undefined => {
    const text = library?.read(name);
    return text === undefined ? undefined : { file: library!.root + name, text };
  };
  const inLibrary = (name: string): string | undefined =>
    library && name.startsWith(library.root) ? name.slice(library.root.length) : undefined;

  const inFolders = (name: string, folders: readonly string[]): FoundFile | undefined => {
    for (const folder of folders) {
      const found = tryFile(fromHere ? `${folder}/${name}` : join(folder, name));
      if (!found) continue;
      onFound?.(name, found.file);
      return found;
    }
    return undefined;
  };

  const relative = (name: string, from: string): FoundFile | undefined => {
    if (name === "") return undefined;
    const first = tryFile(fromHere ? name : join(dirname(from), name));
    return first ?? inFolders(name, includePath) ?? fromLibrary(name);
  };

  // Many keep their .mc in a folder cf/ beside feature/, hack/ and the like, as the original does.
  const besideSite = home === undefined ? [] : basename(home) === "cf" ? [home, dirname(home)] : [home];
  /** Where site files say that the frame is. */
  const frameFolders: string[] = [];

  /** A part of the library, or of the site's own; what the library is made of (m4/) the site can only add to. */
  const part = (name: string, from: string): FoundFile | undefined => {
    if (name.startsWith("m4/") && inLibrary(from) !== undefined) return fromLibrary(name);
    const folders = [...includePath, ...besideSite, ...frameFolders];
    const own = folders.filter((folder) => !isLibrary(folder));
    return inFolders(name, own) ?? fromLibrary(name) ?? inFolders(name, folders.filter(isLibrary));
  };

  return {
    find(name, from) {
      if (library && FRAME.test(name)) {
        onFrame?.();
        frameFolders.push(resolve(dirname(from), dirname(name), ".."));
        const frame = fromLibrary("m4/cf.m4");
        // The whole library hangs on this line; what the site has set is the better reason for what it writes.
        return frame && { ...frame, byItself: true };
      }
      const rest = inLibrary(name);
      if (rest !== undefined) return part(rest, from);
      const found = isAbsolute(name) ? tryFile(name) : relative(name, from);
      const missing = found === undefined && library ? PART.exec(name)?.[1] : undefined;
      return missing === undefined ? found : part(missing, from);
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
