/**
 * A look at a configuration before anybody reads it: where it wants a thread for the sessions, that starts at once, and loads its
 * scripts while the main one loads others. Whether it is wanted says whoever has read all of it (wanted-threads.ts).
 */
import { readFileSync } from "node:fs";
import type { CommandLineSetting } from "../../config/environment.ts";

let isEarly = false;

/** Starts the thread of a process that will be a server. One that ends without having taken it ends all the same. */
export async function startWhereWanted(configFile: string, settings: readonly CommandLineSetting[]): Promise<void> {
  if (!wantsThread(textOf(configFile), settings)) return;
  isEarly = true;
  (await import("./start-worker.ts")).startEarly();
}

export function isStartedEarly(): boolean {
  return isEarly;
}

/** As the last option of that name says: one of the command line, else one of the file. */
export function wantsThread(configuration: string, settings: readonly CommandLineSetting[]): boolean {
  const ofCommand = settings.flatMap(({ kind, text }) => (kind === "option" ? valuesOf(`O${text}`) : []));
  const value = ofCommand.at(-1) ?? valuesOf(configuration).at(-1) ?? "0";
  return Number(value) !== 0;
}

function valuesOf(text: string): readonly string[] {
  return [...text.matchAll(/^O[ \t]+SessionThreads[ \t]*=[ \t]*(\S*)/gim)].map(([, value]) => value);
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return ""; // whoever reads it will say why
  }
}
