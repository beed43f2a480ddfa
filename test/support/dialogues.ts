/**
 * Holds the dialogues of test/golden/smtp with a server. As a program of its own (`node dialogues.ts SITE=PORT ...`, for the
 * genuine one): writes a line of JSON for each.
 */
import { cases, type Dialogue, type Site } from "../golden/smtp/cases.ts";
import { SmtpDialogue } from "./smtp-dialogue.ts";

/** The replies to the lines of a dialogue, the greeting first; "" when the server has closed. */
export async function holdDialogue({ name, lines }: Dialogue, port: number): Promise<string[]> {
  const client = await SmtpDialogue.open(port);
  try {
    const replies = [await client.reply()];
    for (const line of lines) {
      const reply = await client.ask(line);
      replies.push(reply);
      if (reply === "") break;
    }
    return replies.map(comparable);
  } catch (error) {
    throw new Error(`${name}: ${(error as Error).message}`, { cause: error });
  } finally {
    client.destroy();
  }
}

/** Without what is different each time, and with each program. */
export function comparable(reply: string): string {
  return reply
    .replace(/^220 mail\.example\.test ESMTP .*$/, "220 GREETING")
    .replaceAll(/^(\d{3}[ -]2\.0\.0) \w{14} /gm, "$1 ID ")
    .replaceAll(/^(504 5\.3\.0 HELP topic "\w{10})\w*/gm, "$1")
    .replaceAll(/(?<= )8\.\d+[.\w]*/g, "VERSION");
}

export interface Held {
  readonly name: string;
  readonly said: readonly string[];
}

if (process.argv[1] === import.meta.filename) {
  const ports = new Map(process.argv.slice(2).map((word) => word.split("=") as [Site, string]));
  for (const each of cases) {
    const said = await holdDialogue(each, Number(ports.get(each.site)));
    process.stdout.write(`${JSON.stringify({ name: each.name, said })}\n`);
  }
}
