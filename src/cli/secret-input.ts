/** A password from standard input: at a terminal asked for twice without showing it, else the first line. */
import { EX } from "../sys/sysexits.ts";
import { type CommandStreams, linesOf } from "./command-streams.ts";
import { CommandError } from "./database-target.ts";

/** @returns the password as characters. Throws CommandError when nothing comes, or not the same twice. */
export async function readSecret(streams: CommandStreams, name: string): Promise<string> {
  const terminal = process.stdin;
  if (streams.input !== terminal || !terminal.isTTY) return characters(await firstLine(streams.input));
  const first = await askUnseen(`Password for ${name}: `);
  if (first !== (await askUnseen("Again: "))) throw new CommandError("rulemail passwd: these are two", EX.DATAERR);
  return characters(first);
}

async function firstLine(input: CommandStreams["input"]): Promise<string> {
  for await (const line of linesOf(input)) return line.replace(/\r$/, "");
  throw new CommandError("rulemail passwd: a password is wanted on standard input", EX.DATAERR);
}

function characters(octets: string): string {
  return Buffer.from(octets, "latin1").toString("utf8");
}

/** Octets up to the end of the line, without an echo. Ctrl-C ends the program as it always does. */
function askUnseen(question: string): Promise<string> {
  const { stdin, stderr } = process;
  stderr.write(question);
  stdin.setRawMode(true);
  stdin.resume();
  return new Promise((resolve) => {
    let typed = "";
    const done = (): void => {
      stdin.off("data", take);
      stdin.setRawMode(false);
      stdin.pause();
      stderr.write("\n");
    };
    const take = (octets: Buffer): void => {
      for (const char of octets.toString("latin1")) {
        if (char === "\r" || char === "\n" || char === "\x04") {
          done();
          return resolve(typed);
        }
        if (char === "\x03") {
          done();
          process.kill(process.pid, "SIGINT");
          return undefined;
        }
        if (char === "\x7f" || char === "\b") typed = typed.replace(/(?:[\x00-\x7f]|[\xc0-\xff][\x80-\xbf]*)$/, "");
        else if (char === "\x15") typed = "";
        else typed += char;
      }
      return undefined;
    };
    stdin.on("data", take);
  });
}
