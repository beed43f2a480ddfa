/**
 * Runs a program as a pool process does, until it is killed: node test/support/program-runner.ts IDENTITY COMMAND. After SIGHUP
 * nobody waits for the program any more.
 */
import { closeInherited } from "../../src/rights/inherited-files.ts";
import { runProgram } from "../../src/rights/program.ts";
import type { ProgramIdentity } from "../../src/rights/task.ts";

const [, , identity, command] = process.argv;
const octets = { size: 0, chunks: () => [] };
const argument = {
  path: "/bin/sh",
  argv: ["sh", "-c", command],
  environment: ["PATH=/usr/bin:/bin"],
  folders: ["/"],
  timeout: 0,
  nice: 0,
  root: "",
};
closeInherited();
const abort = new AbortController();
process.on("SIGHUP", () => abort.abort());
await runProgram(argument, octets, JSON.parse(identity) as ProgramIdentity, abort.signal);
