/** Delivery programs that behave at random: what they read, print, leave behind, and how they end. */
import { expect, test } from "@jest/globals";
import { createAgents } from "../../src/delivery/agents.ts";
import { testEnvironment, testJob, testMailer } from "../support/delivery-job.ts";
import { fuzz, type Random } from "../support/fuzz.ts";

const shell = testMailer({ name: "prog", path: "/bin/sh", argv: ["sh", "-c", "$u"], flags: "lsDFMoqeu9n", eol: "\n" });
const TEMPORARY: ReadonlySet<number> = new Set([71, 74, 75]);
const SIGNALS = ["HUP", "INT", "QUIT", "ABRT", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM", "XCPU", "SYS"];

function randomStep(random: Random): string {
  const size = 10 ** random(8);
  const steps = [
    "cat >/dev/null",
    "exec <&-",
    "read -r line",
    `head -c ${size} >/dev/null`,
    `head -c ${size} /dev/zero | tr '\\0' x`,
    `head -c ${size} /dev/zero >&2`,
    "exec >&-",
    "exec 2>/dev/null",
    "echo something",
    "(cat >/dev/null)",
    "trap '' PIPE TERM",
  ];
  return steps[random(steps.length)];
}

test("a program has delivered when it ended by itself with exit code 0, and only then", async () => {
  await fuzz(15, async (random, note) => {
    const steps = Array.from({ length: random(5) }, () => randomStep(random));
    const signal = random(4) === 0 ? SIGNALS[random(SIGNALS.length)] : undefined;
    const code = random(3) === 0 ? 0 : random(256);
    const end = signal === undefined ? `exit ${code}` : `ulimit -c 0; trap - ${signal}; kill -${signal} $$; exit 0`;
    const command = [...steps, end].join("\n");
    note({ command });
    const body = "x"
      .repeat(60)
      .concat("\r\n")
      .repeat(random(2) * random(60_000));
    const job = testJob({ mailer: shell, host: "", users: [command], body });
    const { statuses } = await createAgents(testEnvironment()).agentFor(shell).deliver(job);
    const wanted = signal !== undefined || TEMPORARY.has(code) ? "delayed" : code === 0 ? "delivered" : "failed";
    expect(statuses.get(0)).toMatchObject({ action: wanted });
  });
});
