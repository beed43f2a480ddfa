/** Which variables of a caller a mail program does not pass on to Node. */
import { expect, test } from "@jest/globals";
import { withoutNodeVariables } from "../../../src/sys/node-variables.ts";

test.each([
  ["nothing of Node's", { PATH: "/bin", HOME: "/root", NODE_ENV: "production", NODES: "3" }, undefined],
  ["our own debugging", { NODE_DEBUG: "rulemail" }, undefined],
  ["options", { PATH: "/bin", NODE_OPTIONS: "--require=x" }, { PATH: "/bin" }],
  ["code, and OpenSSL's", { NODE_PATH: "/x", OPENSSL_CONF: "/x", A: "b" }, { A: "b" }],
  ["ours among Node's debugging", { NODE_DEBUG: "net,rulemail", A: "b" }, { A: "b", NODE_DEBUG: "rulemail" }],
  ["Node's debugging", { NODE_DEBUG: "net" }, {}],
  ["our debugging beside options", { NODE_DEBUG: "rulemail", NODE_PATH: "/x" }, { NODE_DEBUG: "rulemail" }],
])("%s", (_name, environment, expected) => {
  const clean = withoutNodeVariables(environment);
  expect(clean).toEqual(expected);
  // Once is enough: a process that was started again finds nothing more to take out.
  if (clean !== undefined) expect(withoutNodeVariables(clean)).toBeUndefined();
});
