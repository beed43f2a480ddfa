/**
 * The service switch file (option ServiceSwitchFile): where databases are looked up, and in which order.
 *
 *     hosts     files dns
 *     aliases   files
 */
import { readFileSync } from "node:fs";

/** Services when the file has no line for the database. */
const DEFAULTS: Readonly<Record<string, readonly string[]>> = {
  hosts: ["dns", "files"],
  aliases: ["files"],
};

/** Reads the file once, when it is asked for the first time. */
export class ServiceSwitch {
  readonly #file: () => string;
  #lines: ReadonlyMap<string, readonly string[]> | undefined;

  /** @param file path of the file, as the option says when the first question comes */
  constructor(file: () => string) {
    this.#file = file;
  }

  services(database: string): readonly string[] {
    this.#lines ??= readSwitch(this.#file());
    return this.#lines.get(database) ?? DEFAULTS[database] ?? [];
  }
}

function readSwitch(file: string): ReadonlyMap<string, readonly string[]> {
  let text: string;
  try {
    text = readFileSync(file, "latin1");
  } catch {
    return new Map();
  }
  const lines = new Map<string, readonly string[]>();
  for (const line of text.split("\n")) {
    const [database, ...services] = line.replace(/#.*/, "").trim().split(/\s+/);
    if (database !== "" && !lines.has(database)) lines.set(database, services);
  }
  return lines;
}
