/** What an earlier run was told, as it stands in what it wrote: the usual answers of the next one. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Places } from "../../daemon/places.ts";
import { isHost, isUser } from "./questions.ts";
import { usersFile } from "./settings-files.ts";
import type { Users } from "./wishes.ts";

export interface EarlierAnswers {
  readonly host?: string;
  readonly users?: Users;
}

/** @throws an error of the file system for a file that is there and cannot be read */
export function earlierAnswers(places: Places): EarlierAnswers {
  const site = join(places.settings, "site.mc");
  if (!existsSync(site)) return {};
  const text = readFileSync(site, "utf8");
  const host = defined(text, "confDOMAIN_NAME");
  const users = usersOf(defined(text, "confMAILBOX_DATABASE"), places);
  return {
    ...(host !== undefined && isHost(host) && { host }),
    ...(users !== undefined && { users }),
  };
}

/** The value of a line define(`NAME', `VALUE'), where it is plain text. */
function defined(text: string, name: string): string | undefined {
  return new RegExp(`^define\\(\`${name}',\\s*\`([^\`']*)'\\)`, "m").exec(text)?.[1];
}

function usersOf(database: string | undefined, places: Places): Users | undefined {
  const file = usersFile(places);
  if (database === "pw") return { kind: "accounts" };
  if (database !== `passwd:${file}` || !existsSync(file)) return undefined;
  const first = readFileSync(file, "utf8")
    .split("\n")
    .map((line) => line.split(":")[0])
    .find((name) => isUser(name));
  return first === undefined ? undefined : { kind: "file", first };
}
