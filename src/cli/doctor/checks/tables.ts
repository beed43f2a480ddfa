/** Tables that are behind their texts, and databases that another program has left under their names. */
import { statSync } from "node:fs";
import { parseMapDeclaration } from "../../../cf/parse-line.ts";
import {
  DATABASE_ENDINGS,
  databasePath,
  isForeignDatabase,
  pathToRead,
  sourcePath,
} from "../../../maps/database-file.ts";
import { COMMON_FLAGS, parseFlags } from "../../../maps/flags.ts";
import type { Check } from "../check.ts";
import type { Finding } from "../finding.ts";
import { configOf, type Patient } from "../patient.ts";

export const tables: Check = {
  name: "tables",
  about: "databases that are older than their texts, and Berkeley databases",
  needs: "configuration",
  run: (patient) => tablesOf(patient).flatMap((table) => [...foreign(table), ...behind(table)]),
};

interface Table {
  readonly database: string;
  /** What builds it. */
  readonly command: string;
}

function tablesOf(patient: Patient): Table[] {
  const config = configOf(patient);
  const found = new Map<string, Table>();
  const add = (mapClass: string, args: string, command: (source: string) => string): void => {
    const key = mapClass.toLowerCase();
    const path = parseFlags(args, COMMON_FLAGS, "", [], () => undefined).firstWord;
    if (!DATABASE_ENDINGS.has(key) || !path.startsWith("/")) return;
    const database = databasePath(key, path);
    found.set(database, { database, command: command(sourcePath(database)) });
  };
  for (const { node } of patient.subject!.statements) {
    if (node.kind !== "map") continue;
    const { mapClass, args } = parseMapDeclaration(config.expand(node.body, config.macros));
    add(mapClass, args, (source) => `makemap ${mapClass} ${source} < ${source}`);
  }
  for (const { mapClass, args } of config.aliasFiles) add(mapClass, args, () => "newaliases");
  return [...found.values()];
}

/** Read as a text: that of the name, or ours beside it. */
function foreign({ database, command }: Table): Finding[] {
  if (!isForeignDatabase(database)) return [];
  const own = pathToRead(database);
  const counts = statSync(own, { throwIfNoEntry: false }) === undefined ? sourcePath(database) : own;
  return [
    {
      kind: "berkeley-database",
      what: `${database} is a Berkeley database of another program; ${counts} counts instead`,
      where: database,
      todo: `when nothing else reads it: rm ${database}; ${command}`,
    },
  ];
}

function behind({ database, command }: Table): Finding[] {
  const read = pathToRead(database);
  const source = sourcePath(database);
  const [built, text] = [read, source].map((path) => statSync(path, { throwIfNoEntry: false }));
  if (built === undefined || text === undefined || isForeignDatabase(read)) return [];
  if (built.mtimeMs >= text.mtimeMs) return [];
  return [
    { kind: "table-older", what: `${source} was changed after ${read} was built from it`, where: read, todo: command },
  ];
}
