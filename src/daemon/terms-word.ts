/** The word of a command line that says how the terms are made again: the configuration, and whom the server has become. */
import type { TaskUser } from "../rights/task.ts";
import type { SiteSource } from "../site/open-site.ts";
import { workerCommand } from "../sys/program-files.ts";

export interface TermsWord {
  readonly source: SiteSource;
  readonly runAs: TaskUser;
}

function termsWord({ source: { file, settings, opMode }, runAs: { user, uid, gid } }: TermsWord): string {
  return JSON.stringify({ source: { file, settings, opMode }, runAs: { user, uid, gid } });
}

/** It was written by the function above, in a process that was root. */
export function readTermsWord(word: string): TermsWord {
  return JSON.parse(word) as TermsWord;
}

/** The whole command line: this program once more. */
export function termsCommand(word: TermsWord): readonly string[] {
  return workerCommand(["terms", termsWord(word)]);
}
