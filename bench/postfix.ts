/** Postfix's load tools, when they are installed: a second opinion on our own generator and sink. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { Load } from "./generator.ts";

/** The path of `smtp-source` or `smtp-sink` (not on everybody's PATH), or undefined. */
export function postfixTool(name: "smtp-source" | "smtp-sink"): string | undefined {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** Sends the load with smtp-source; seconds that it took. */
export function runSmtpSource(tool: string, load: Load): Promise<number> {
  const words = ["-s", load.sessions, "-m", load.messages, "-l", load.size, "-f", load.sender, "-t", load.recipient];
  const keep = load.perConnection > 1 ? ["-d"] : [];
  const started = performance.now();
  const child = spawn(tool, [...words.map(String), ...keep, `inet:127.0.0.1:${load.port}`], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => {
      if (code === 0) resolve((performance.now() - started) / 1000);
      else reject(new Error(`smtp-source ended with status ${code}`));
    });
  });
}
