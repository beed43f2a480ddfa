/**
 * Holds the dialogues of test/golden/policy with a server. As a program of its own (`node policy-dialogues.ts SITE=PORT ...`,
 * for the genuine one): writes a line of JSON for each.
 */
import { connect } from "node:net";
import { rows } from "../golden/policy/cases.ts";
import { nameOf, type Row } from "../golden/policy/rows.ts";
import { type Held, SERVER, SERVER6 } from "./policy-site.ts";
import { SmtpDialogue } from "./smtp-dialogue.ts";

/** The replies to the lines of a dialogue, the greeting first; "" when the server has closed. */
export async function holdRow({ lines, early = false }: Row, client: SmtpDialogue): Promise<string[]> {
  if (early) void client.raw(`${lines[0]}\r\n`);
  const replies = [await client.reply()];
  if (early) replies.push(await client.reply());
  for (const line of lines.slice(early ? 1 : 0)) {
    if (line.endsWith("\r\n.") && !replies.at(-1)?.startsWith("354")) continue;
    const reply = await client.ask(line);
    replies.push(reply);
    if (reply === "") break;
  }
  return replies.map(comparable);
}

/** Without what is different each time, and with each program. */
function comparable(reply: string): string {
  return reply
    .replace(/^220 mail\.example\.test ESMTP .*$/, "220 GREETING")
    .replace(/^250-mail\.example\.test Hello [^]*$/, "250 HELLO")
    .replace(/^(250 2\.0\.0) \w{14} /, "$1 ID ")
    .replaceAll(/(\b(?:client|daemon)_port=\s*<\s*)\d+/g, "$1PORT")
    .replace(/( due to pre-greeting traffic after) \d+ /, "$1 FEW ")
    .replaceAll(/\b[0-9A-Za-z]{8}\d{6}\b/g, "ID");
}

/** A line of the log as both programs can write it: without time, process, and the id of the message; undefined: another one. */
export function comparableLine(line: string): string | undefined {
  const [, text] =
    /^(?:<\d+>\w{3} [ \d]\d [\d:]{8} \S+\[\d+\]: )?(?:[0-9A-Za-z]{14}: |NOQUEUE: )?(.*)$/s.exec(line) ?? [];
  return text !== undefined && /^(?:ruleset=|discarded|rejecting commands)/.test(text)
    ? comparable(text).replaceAll("\n", "\\n")
    : undefined;
}

/** What has been logged since the question before; `port` is that of log-collector.py. */
function logged(port: number): Promise<string[]> {
  return new Promise((resolve, reject) => {
    let text = "";
    connect(port, "127.0.0.1")
      .on("data", (octets: Buffer) => (text += octets.toString("latin1")))
      .on("error", reject)
      .on("close", () => resolve(text.split("\n").filter((line) => line !== "")));
  });
}

if (process.argv[1] === import.meta.filename) {
  const [collector, ...words] = process.argv.slice(2);
  const ports = new Map(words.map((word) => word.split("=") as [string, string]));
  for (const row of rows) {
    const host = row.from.includes(":") ? SERVER6 : SERVER;
    const client = await SmtpDialogue.open(Number(ports.get(row.site)), host, row.from);
    const said = await holdRow(row, client);
    client.half();
    await client.rest();
    const lines = await logged(Number(collector));
    const held: Held = { name: nameOf(row), said, logged: lines.flatMap((line) => comparableLine(line) ?? []) };
    process.stdout.write(`${JSON.stringify(held)}\n`);
  }
}
