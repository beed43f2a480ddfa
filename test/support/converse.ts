/**
 * Speaks SMTP the way a mail program does with `sendmail -bs`: each command when the one before has been answered, the
 * lines behind DATA at once. As a program of its own: `node converse.ts FILE COMMAND...`, for the genuine one.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Readable, Writable } from "node:stream";

/** @returns everything that the other side said, as latin1; ends when it closes, or when all lines are said */
export async function converse(lines: readonly string[], to: Writable, from: Readable): Promise<string> {
  const rest = [...lines];
  let said = "";
  let seen = 0;
  const say = (line: string | undefined): void => {
    if (line === undefined) to.end();
    else to.write(Buffer.from(`${line}\r\n`, "latin1"));
  };
  const next = (data: boolean): void => {
    if (!data) return say(rest.shift());
    for (let line = rest.shift(); line !== undefined; line = rest.shift()) {
      say(line);
      if (line === ".") return;
    }
    to.end();
  };
  for await (const chunk of from as AsyncIterable<Buffer>) {
    said += chunk.toString("latin1");
    for (let end = said.indexOf("\n", seen); end >= 0; end = said.indexOf("\n", seen)) {
      const line = said.slice(seen, end);
      seen = end + 1;
      if (/^[2-5]\d\d(?!-)/.test(line)) next(line.startsWith("354"));
    }
  }
  return said;
}

// Node's own "pipes" are sockets, at which the genuine one looks for a client's address: cat makes real ones.
const WITH_PIPES = 'cat | { "$@"; echo $? >&3; } | cat';

if (process.argv[1] === import.meta.filename) {
  const [file, ...command] = process.argv.slice(2);
  const child = spawn("sh", ["-c", WITH_PIPES, "sh", ...command], { stdio: ["pipe", "pipe", "inherit", "pipe"] });
  child.stdin!.on("error", () => undefined); // it may have gone
  let status = "";
  child.stdio[3]!.on("data", (chunk: Buffer) => (status += chunk.toString()));
  const ended = new Promise((resolve) => child.once("close", resolve));
  const lines = readFileSync(file, "latin1").split("\n");
  process.stdout.write(Buffer.from(await converse(lines, child.stdin!, child.stdout!), "latin1"));
  child.stdin!.end();
  await ended;
  process.exitCode = Number(status);
}
