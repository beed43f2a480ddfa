/** The text of a configuration file, or sendmail's words about why there is none. */
import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import type { SealedFiles } from "../sys/sealed-file.ts";
import { errorText } from "../sys/safe-file.ts";
import type { ConfigMessages } from "./messages.ts";

export function readConfigFile(file: string, messages: ConfigMessages, sealed?: SealedFiles): string | undefined {
  try {
    const stats = statSync(file);
    if (stats.isDirectory()) messages.unreadable("not a plain file");
    // A file that nobody may read is not meant to be read by root either.
    else if ((stats.mode & 0o444) === 0) messages.unreadable("cannot open: Permission denied");
    else return readFileSync(file, "latin1");
  } catch (error) {
    const known = (error as NodeJS.ErrnoException).code === "EACCES" ? sealed?.get(resolve(file)) : undefined;
    if (known !== undefined) return known.toString("latin1");
    messages.unreadable(`cannot open: ${errorText(error)}`);
  }
  return undefined;
}
