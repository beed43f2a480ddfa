/** Which line of which aliases file an alias stands in, for people who ask: `/etc/mail/aliases: line 3`. */
import type { AliasDatabase } from "../maps/alias-source.ts";
import { readAliasText } from "../routing/alias-file.ts";
import { aliasKey } from "../routing/alias-name.ts";
import type { AliasOrigins } from "../routing/expansion-lines.ts";
import type { Site } from "./site.ts";

/** Finds aliases in the texts of their databases; each is read once. */
export function aliasLines({ aliasDatabases, config }: Pick<Site, "aliasDatabases" | "config">): AliasOrigins {
  const ourNames = config.classWords("w");
  const texts = new Map<AliasDatabase, ReadonlyMap<string, readonly number[]>>();
  const linesIn = (database: AliasDatabase): ReadonlyMap<string, readonly number[]> => {
    const known = texts.get(database);
    if (known !== undefined) return known;
    const lines = new Map<string, readonly number[]>();
    const read = database.readText();
    const entries = read?.kind === "read" ? readAliasText(read.text, (domain) => ourNames.has(domain)).entries : [];
    for (const { name, line } of entries) {
      // Of several entries the last one counts, unless they are added up.
      lines.set(name, database.mergesDuplicates ? [...(lines.get(name) ?? []), line] : [line]);
    }
    texts.set(database, lines);
    return lines;
  };
  return (name) => {
    const key = aliasKey(name);
    const database = aliasDatabases.find((each) => {
      const answer = each.lookup(key);
      return !(answer instanceof Promise) && answer.kind === "found";
    });
    if (database === undefined) return undefined;
    const lines = linesIn(database).get(key);
    if (lines === undefined)
      return database.textFile === undefined ? database.name : `${database.name}: not in the text`;
    return `${database.textFile ?? database.name}: line ${lines.join(", ")}`;
  };
}
