/**
 * What dispatch relies on, whatever delivers: one status for every recipient, never an exception, temporary and
 * permanent failures told apart, an end soon after the signal.
 */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { Mailer } from "../../src/config/mailer.ts";
import { type Agents, createAgents } from "../../src/delivery/agents.ts";
import type { DeliveryEnvironment } from "../../src/delivery/environment.ts";
import type { Action } from "../../src/envelope/status.ts";
import {
  type JobValues,
  testEnvironment,
  testJob,
  testMailer,
  testMessage,
  testUsers,
} from "../support/delivery-job.ts";
import { SmtpSink, type SinkScript } from "../support/smtp-sink.ts";

interface Subject {
  readonly mailer: Mailer;
  readonly host?: string;
  /** Three recipients that are delivered. */
  readonly users: readonly string[];
  /** What "delivered" is called here. */
  readonly success: Action;
  /** A recipient who fails for now, and one who fails for ever. */
  readonly later?: JobValues;
  readonly never?: JobValues;
}

let folder: string;
let sink: SmtpSink;
let agents: Agents | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "agent-"));
  for (const name of ["mail", "file"]) await mkdir(join(folder, name));
});
afterEach(async () => {
  await agents?.close();
  await sink?.close();
  await rm(folder, { recursive: true, force: true });
});

const answers: SinkScript["reply"] = ({ line }) =>
  line.includes("<later") ? "451 4.2.1 later" : line.includes("<never") ? "550 5.1.1 never" : undefined;

const remoteUsers = ["a@b.test", "c@b.test", "d@b.test"];
const program = { name: "prog", number: 0, path: "/bin/sh", argv: ["sh", "-c", "$u"], eol: "\n" };

const subjects: Readonly<Record<string, () => Promise<Subject>>> = {
  async smtp() {
    sink = await SmtpSink.start({ reply: answers });
    const mailer = testMailer({ argv: ["TCP", "[127.0.0.1]", String(sink.port)] });
    const later = { users: ["later@b.test"] };
    return { mailer, users: remoteUsers, success: "relayed", later, never: { users: ["never@b.test"] } };
  },
  async "smtp without PIPELINING"() {
    sink = await SmtpSink.start({ reply: answers, extensions: [] });
    const mailer = testMailer({ argv: ["TCP", "[127.0.0.1]", String(sink.port)] });
    const later = { users: ["later@b.test"] };
    return { mailer, users: remoteUsers, success: "relayed", later, never: { users: ["never@b.test"] } };
  },
  async lmtp() {
    sink = await SmtpSink.start({ reply: answers, lmtp: true, path: join(folder, "socket") });
    const mailer = testMailer({ name: "lmtp", argv: ["FILE", join(folder, "socket")], flags: "lmz" });
    const later = { users: ["later"] };
    return { mailer, users: ["a", "b", "c"], success: "delivered", later, never: { users: ["never"] } };
  },
  ...Object.fromEntries(
    ["maildir", "mbox", "mh"].map((kind) => [
      kind,
      async (): Promise<Subject> => {
        const argv = ["LOCAL", `${kind}:${folder}/mail/$u`];
        const mailer = testMailer({ name: "local", path: "[LOCAL]", argv, flags: "lmw", eol: "\n" });
        const broken = { ...mailer, argv: ["LOCAL", `${kind}:${folder}/missing/$u`] };
        const later = { users: ["ann"], mailer: broken };
        return { mailer, users: ["ann", "bob", "eve"], success: "delivered", later, never: { users: ["nobody"] } };
      },
    ]),
  ),
  async file() {
    const mailer = testMailer({ name: "*file*", path: "[FILE]", argv: ["FILE", "$u"], flags: "lmE", eol: "\n" });
    await writeFile(join(folder, "program"), "", { mode: 0o755 });
    const users = ["a", "b", "c"].map((name) => join(folder, "file", name));
    const later = { users: [join(folder, "x".repeat(300))] };
    return { mailer, users, success: "delivered", later, never: { users: [join(folder, "program")] } };
  },
  async program() {
    const mailer = testMailer({ ...program, flags: "lmo" });
    const later = { users: ["cat >/dev/null; exit 75"] };
    const never = { users: ["cat >/dev/null; echo sorry; exit 67"] };
    return { mailer, users: ["cat >/dev/null", "true", ":"], success: "delivered", later, never };
  },
  async discard() {
    const mailer = testMailer({ name: "discard", path: "[DISCARD]" });
    return { mailer, users: ["a", "b", "c"], success: "delivered" };
  },
  async error() {
    const mailer = testMailer({ name: "error", path: "[ERROR]" });
    const later = { host: "4.7.1", users: ["451 later"] };
    return {
      mailer,
      host: "5.1.1",
      users: ["550 a", "550 b", "no"],
      success: "failed",
      later,
      never: { host: "5.7.1" },
    };
  },
};

function accident(): never {
  throw new Error("out of order");
}

function rejected(): Promise<never> {
  return Promise.reject(new Error("out of order"));
}

const users = testUsers(["ann", "bob", "eve"].map((name) => ({ name })));

/** Delivers and checks the form of the report. */
async function deliver(
  subject: Subject,
  values: JobValues = {},
  environment: Partial<DeliveryEnvironment> = {},
): Promise<Action[]> {
  agents ??= createAgents(testEnvironment({ users, ...environment }));
  const host = subject.host === undefined ? {} : { host: subject.host };
  const job = testJob({ mailer: subject.mailer, users: subject.users, ...host, ...values });
  const { statuses } = await agents.agentFor(job.mailer).deliver(job);
  expect([...statuses.keys()].toSorted((a, b) => a - b)).toEqual(job.recipients.map(({ index }) => index));
  for (const { action, status, text, at } of statuses.values()) {
    expect(status).toMatch({ failed: /^5\./, delayed: /^4\./ }[action as string] ?? /^2\./);
    expect(text).not.toBe("");
    expect(at).toBeGreaterThan(0);
  }
  return job.recipients.map(({ index }) => statuses.get(index)?.action ?? "expanded");
}

afterEach(() => {
  agents = undefined;
});

describe.each(Object.entries(subjects))("%s", (_name, make) => {
  test("reports every recipient", async () => {
    const subject = await make();
    expect(await deliver(subject)).toEqual(subject.users.map(() => subject.success));
  });

  test("takes a body that is streamed", async () => {
    const subject = await make();
    const message = testMessage("x\r\n".repeat(100_000), false);
    expect(await deliver(subject, { message })).toEqual(subject.users.map(() => subject.success));
  });

  test("keeps temporary and permanent failures apart", async () => {
    const subject = await make();
    if (subject.later !== undefined)
      expect(new Set(await deliver(subject, subject.later))).toEqual(new Set(["delayed"]));
    if (subject.never !== undefined)
      expect(new Set(await deliver(subject, subject.never))).toEqual(new Set(["failed"]));
  });

  test("an aborted delivery is a temporary failure", async () => {
    const subject = await make();
    const actions = await deliver(subject, { signal: AbortSignal.abort() });
    expect(new Set(actions)).toEqual(new Set(["delayed"]));
  });

  test("accidents around it are temporary failures", async () => {
    const subject = await make();
    const decided = subject.mailer.name === "error" || subject.mailer.name === "discard";
    const expected = new Set([decided ? subject.success : "delayed"]);
    const message = { size: 10, bytes: rejected, stream: accident };
    expect(new Set(await deliver(subject, { message }))).toEqual(expected);
    expect(new Set(await deliver(subject, { addresses: { rewrite: accident } }))).toEqual(expected);
  });

  test("a message that is too large for the mailer is refused", async () => {
    const subject = await make();
    const mailer = { ...subject.mailer, maxSize: 3 };
    expect(new Set(await deliver(subject, { mailer }))).toEqual(new Set(["failed"]));
  });
});

test.each(["maildir", "mbox", "file"])(
  "%s: a user database that cannot be asked is a temporary failure",
  async (name) => {
    const subject = await subjects[name]();
    const actions = await deliver(subject, {}, { users: { find: accident, findById: accident } });
    expect(new Set(actions)).toEqual(new Set([name === "file" ? "delivered" : "delayed"]));
  },
);
