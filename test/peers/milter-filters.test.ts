/** Our client of the mail filter protocol with real filters: what they negotiate, hear and answer. */
import { createHash, createVerify } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { runMilterCommand } from "../../src/cli/milter/command.ts";
import { openFilter } from "../../src/milter/open-filter.ts";
import { runCommand } from "../support/command.ts";
import { noMacros, NO_MACROS } from "../support/filter-dialogue.ts";
import { peerDescribe } from "../support/peers.ts";
import {
  type RealFilter,
  startDmarc,
  startScript,
  startSigner,
  startSpamFilter,
  startVirusScanner,
  VIRUS_TEXT,
} from "../support/real-filters.ts";

const MESSAGE = `From: Joe <joe@x.example>
To: ann@y.example, refused@y.example, dropped@y.example
Subject: hello
X-Gone: a
X-Fold: one
\ttwo
Message-Id: <1@x.example>
Date: Mon, 30 Nov 2026 19:11:01 +0000

line one

line  three
`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "message-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const running: RealFilter[] = [];
afterEach(async () => {
  for (const filter of running.splice(0)) await filter.stop();
});

async function started<T extends RealFilter>(filter: Promise<T>): Promise<T> {
  const there = await filter;
  running.push(there);
  return there;
}

interface Document {
  readonly fate: string;
  readonly negotiated: {
    readonly version: number;
    readonly unwanted: readonly string[];
    readonly unanswered: readonly string[];
  };
  readonly steps: readonly {
    readonly step: string;
    readonly subject: string;
    readonly answer: { readonly kind: string };
  }[];
  readonly edits: readonly Record<string, unknown>[];
  readonly message: {
    readonly sender: { readonly path: string };
    readonly recipients: readonly { readonly path: string; readonly parameters: readonly string[] }[];
    readonly fields: readonly { readonly name: string; readonly value: string }[];
    readonly body: string;
    readonly quarantine?: string;
  };
}

/** What `rulemail milter test --json` says of a message. */
async function tried(filter: RealFilter, message: string, ...words: string[]): Promise<Document & { status: number }> {
  const file = join(folder, "message");
  writeFileSync(file, message);
  const client = ["--client", "mx.x.example [192.0.2.1]"];
  const { status, output, errors } = await runCommand(runMilterCommand, [
    "test",
    "--json",
    ...client,
    ...words,
    filter.socket,
    file,
  ]);
  expect(errors).toBe("");
  return { status, ...(JSON.parse(output) as Document) };
}

peerDescribe("filters made with pymilter", ["pymilter"], () => {
  test("every action there is", async () => {
    const filter = await started(startScript("every_action.py"));
    const { status, fate, edits, message, steps } = await tried(filter, MESSAGE);
    expect({ status, fate }).toEqual({ status: 0, fate: "accepted" });
    expect(steps.find(({ subject }) => subject === "<refused@y.example>")?.answer).toEqual({
      kind: "reply",
      code: 550,
      enhanced: "5.7.1",
      lines: ["not this one", "100% sure"],
    });
    expect(steps.find(({ step }) => step === "body")?.answer).toEqual({ kind: "skip" });
    expect(edits.filter(({ kind }) => kind !== "replace-body")).toEqual([
      { kind: "add-header", name: "X-Added", value: " one\r\n\ttwo" },
      { kind: "insert-header", index: 0, name: "X-First", value: " yes" },
      { kind: "change-header", index: 1, name: "Subject", value: " changed" },
      { kind: "change-header", index: 1, name: "X-Gone" },
      { kind: "add-recipient", path: "<added@z.example>", parameters: [] },
      { kind: "add-recipient", path: "<quiet@z.example>", parameters: ["NOTIFY=NEVER"] },
      { kind: "delete-recipient", path: "<dropped@y.example>" },
      { kind: "change-sender", path: "<other@x.example>", parameters: [] },
      { kind: "quarantine", reason: "looks odd" },
    ]);
    expect(message.body).toBe("a new line\r\n".repeat(20_000));
    expect(message.recipients.map(({ path }) => path)).toEqual([
      "<ann@y.example>",
      "<added@z.example>",
      "<quiet@z.example>",
    ]);
    expect(filter.said()).toContain(`header 'X-Fold' 'one\\n\\ttwo'\n`);
    expect(filter.said()).toMatch(/^connect mx\.x\.example \('192\.0\.2\.1', 25\) \S+ MTA$/m);
    expect(filter.said()).toMatch(/^eom <1@x\.example>$/m);
  });

  test("a greylist defers whom it does not know, and lets him in when he comes again", async () => {
    const filter = await started(startScript("greylist.py"));
    const first = await tried(filter, MESSAGE, "--to", "ann@y.example");
    expect(first).toMatchObject({ status: 75, fate: "deferred", negotiated: { unanswered: ["connect"] } });
    expect(first.steps.at(-1)).toEqual({
      step: "rcpt",
      subject: "<ann@y.example>",
      answer: { kind: "reply", code: 451, enhanced: "4.7.1", lines: ["Greylisted, come again"] },
    });
    expect(await tried(filter, MESSAGE, "--to", "ann@y.example")).toMatchObject({
      status: 0,
      fate: "accepted",
      edits: [],
    });
  });
});

/** The lines of a header block that a DKIM signature covers, and the hash of the body (RFC 6376 §3.4.2, §3.4.4). */
const relaxed = ({ name, value }: { readonly name: string; readonly value: string }): string =>
  `${name.toLowerCase()}:${value
    .replaceAll("\r\n", "")
    .replaceAll(/[ \t]+/g, " ")
    .trim()}`;

peerDescribe("opendkim", ["opendkim"], () => {
  test("signs, and the signature verifies", async () => {
    const filter = await started(startSigner("x.example"));
    const { status, negotiated, message } = await tried(filter, MESSAGE, "--client", "localhost [127.0.0.1]");
    expect(status).toBe(0);
    expect(negotiated.version).toBe(6);
    const [signature, ...fields] = message.fields;
    expect(signature.name).toBe("DKIM-Signature");
    const tags = new Map(
      signature.value
        .split(";")
        .map((tag) => tag.split(/=(.*)/s).map((part) => part.replaceAll(/\s/g, "")) as [string, string]),
    );
    expect(tags.get("d")).toBe("x.example");
    const body = "line one\r\n\r\nline three\r\n";
    expect(tags.get("bh")).toBe(createHash("sha256").update(body).digest("base64"));
    const signed = tags
      .get("h")!
      .split(":")
      .map((name) => fields.find((field) => field.name.toLowerCase() === name.toLowerCase())!);
    expect(signed.map(({ name }) => name)).toEqual(expect.arrayContaining(["From", "To", "Subject"]));
    const bare = { name: signature.name, value: signature.value.replace(/(\bb=)[^;]*/, "$1") };
    const text = [...signed.map((field) => `${relaxed(field)}\r\n`), relaxed(bare)].join("");
    const verifier = createVerify("RSA-SHA256").update(text);
    expect(verifier.verify(filter.publicKey, tags.get("b")!, "base64")).toBe(true);
  });
});

peerDescribe("opendmarc", ["opendmarc"], () => {
  test("writes what it found before all other fields", async () => {
    const filter = await started(startDmarc());
    const { status, edits, negotiated } = await tried(filter, MESSAGE);
    expect(status).toBe(0);
    expect(negotiated.unwanted).toContain("body");
    expect(edits).toEqual([
      {
        kind: "insert-header",
        index: 0,
        name: "Authentication-Results",
        value: expect.stringMatching(/^ mx\.y\.example; dmarc=\w+ .*header\.from=x\.example$/),
      },
    ]);
  });
});

peerDescribe("clamav-milter", ["clamd", "clamav-milter"], () => {
  test("marks clean mail, and refuses what has the virus", async () => {
    const filter = await started(startVirusScanner());
    expect(await tried(filter, MESSAGE)).toMatchObject({
      status: 0,
      edits: [{ name: "X-Virus-Scanned" }, { name: "X-Virus-Status", value: " Clean" }],
    });
    const infected = await tried(filter, `${MESSAGE}${VIRUS_TEXT}\n`);
    expect(infected).toMatchObject({ status: 69, fate: "refused" });
    expect(infected.steps.at(-1)).toMatchObject({
      step: "end",
      answer: { kind: "reply", code: 550, lines: ["Virus Rulemail.Test.UNOFFICIAL"] },
    });
  });
});

peerDescribe("rspamd", ["rspamd"], () => {
  test("gives no answer before the end, and is asked about several sessions over one connection", async () => {
    const filter = await started(startSpamFilter());
    const { negotiated } = await tried(filter, MESSAGE);
    expect(negotiated.unanswered).toEqual(expect.arrayContaining(["connect", "mail", "header", "body"]));
    const spam = await tried(filter, MESSAGE.replace("hello", "casino"));
    expect(spam).toMatchObject({ status: 69, fate: "refused" });
    const connection = await openFilter(
      {
        name: "rspamd",
        address: { kind: "unix", path: filter.path },
        timeouts: { connect: 5000, send: 5000, read: 20_000, end: 20_000 },
      },
      { macros: NO_MACROS },
    );
    for (const [subject, kind] of [
      ["hello", "accept"],
      ["casino", "reply"],
      ["hello", "accept"],
    ]) {
      await connection.connect(noMacros, "mx.x.example", { family: "inet", address: "192.0.2.1", port: 4711 });
      await connection.helo(noMacros, "mx.x.example");
      await connection.mail(noMacros, "<joe@x.example>", []);
      await connection.rcpt(noMacros, "<ann@y.example>", []);
      await connection.data(noMacros);
      await connection.header("From", " joe@x.example");
      await connection.header("Subject", ` ${subject}`);
      await connection.eoh(noMacros);
      await connection.body(Buffer.from("text\r\n"));
      expect(await connection.endOfMessage(noMacros, () => undefined)).toMatchObject({ kind });
      expect(connection.close(true)).toBe(true);
    }
    connection.close(false);
  });
});
