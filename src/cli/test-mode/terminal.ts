/** The dialogue of test mode on a terminal: line editing, history, completion. A pipe never comes here. */
import { createInterface } from "node:readline";
import type { Output } from "../output.ts";
import { callersHome } from "../caller.ts";
import { complete } from "./completion.ts";
import { historyFile, readHistory, writeHistory } from "./history.ts";
import { runLine } from "./commands.ts";
import type { TestSession } from "./session.ts";

export interface Terminal {
  readonly input: NodeJS.ReadableStream;
  readonly screen: NodeJS.WritableStream;
}

/** Ends with /quit or the end of input; Ctrl-C drops the line that is being typed. */
export async function terminalDialogue(session: TestSession, output: Output, terminal: Terminal): Promise<void> {
  const file = historyFile(process.env, callersHome());
  let history = readHistory(file);
  const lines = createInterface({
    input: terminal.input,
    output: terminal.screen,
    terminal: true,
    prompt: "> ",
    history: [...history],
    historySize: 500,
    removeHistoryDuplicates: true,
    completer: (line: string) => complete(session.config, line),
  });
  lines.on("history", (now: string[]) => (history = [...now]));
  lines.on("SIGINT", () => {
    terminal.screen.write("\n");
    lines.write(null, { ctrl: true, name: "e" });
    lines.write(null, { ctrl: true, name: "u" });
    lines.prompt();
  });
  // Lines may still come after the end of input has closed the interface.
  let closed = false;
  lines.on("close", () => (closed = true));
  let quit = false;
  try {
    lines.prompt();
    for await (const line of lines) {
      // What is typed is UTF-8; addresses are octets.
      quit = (await runLine(session, Buffer.from(line).toString("latin1"))) === "quit";
      output.flush();
      if (quit) break;
      if (!closed) lines.prompt();
    }
    if (!quit) terminal.screen.write("\n");
  } finally {
    lines.close();
    writeHistory(file, history);
  }
}
