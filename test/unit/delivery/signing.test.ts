/** Signatures on what leaves: of our mail, in the form in which it is sent, and what happens when there is no key. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { Envelope } from "../../../src/envelope/envelope.ts";
import { parseHeader } from "../../../src/mail/header.ts";
import type { Log } from "../../../src/log/log.ts";
import { testConfig, testMailer, testMessage, testOptions } from "../../support/delivery-job.ts";
import { layDownKeys, verdicts, verify } from "../../support/signed-mail.ts";
import { agent, sink, texts } from "../../support/smtp-delivery.ts";

let folder = "";
let zone: Record<string, string> = {};
const lines: string[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "signing-"));
  zone = layDownKeys(folder, { "example.com/r": "rsa", "example.com/e": "ed25519", "other.test/only": "ed25519" });
  lines.length = 0;
});
afterEach(() => rmSync(folder, { recursive: true }));

const log: Log = {
  enabled: () => true,
  write: (_level, { id, text }) => void lines.push(id ? `${id}: ${text}` : text),
};
const dkimLines = (): string[] => lines.filter((line) => /dkim/i.test(line));

interface Sent {
  readonly from?: string;
  readonly body?: string;
  readonly inMemory?: boolean;
  readonly peer?: readonly string[];
  readonly flags?: string;
  readonly envelope?: Partial<Envelope>;
  readonly options?: Readonly<Record<string, string | number>>;
  readonly says?: string;
}

async function send(values: Sent) {
  const { from = "Joe <joe@example.com>", body = "Hello\r\n", peer = ["8BITMIME"], flags = "mX" } = values;
  const server = await sink({ extensions: peer });
  const config = testConfig(testOptions({ DKIMKeys: folder, DKIMOversign: "From To Subject", ...values.options }));
  const asked: string[] = [];
  const rules = {
    select: (ruleset: string, [address]: readonly string[]) => {
      if (ruleset !== "sign_mail") return undefined;
      asked.push(address);
      return values.says;
    },
    check: () => ({ kind: "ok" }) as never,
    text: () => undefined,
  };
  const deliver = agent(server.port, { config, flags, log, ...(values.says !== undefined && { rules }) });
  const fields = [
    { name: "From", value: ` ${from}` },
    { name: "Subject", value: " greetings" },
  ];
  const report = await deliver({
    envelope: { headers: fields, eightBit: /[\x80-\xff]/.test(body), ...values.envelope },
    message: testMessage(body, values.inMemory ?? true),
  });
  return {
    outcome: texts(report)[0],
    data: server.messages[0]?.data,
    parameters: server.messages[0]?.parameters,
    asked,
  };
}

const BOTH = ["pass example.com r", "pass example.com e"];

describe("what is signed is what is sent", () => {
  test.each([
    ["a plain message", {}],
    ["one without a body", { body: "" }],
    ["lines with dots", { body: ".\r\n..two\r\nx\r\n.end" }],
    ["a body from a file", { body: ".dot first\r\n".repeat(10_000), inMemory: false }],
    ["long lines that are cut", { body: `${"a".repeat(3000)}\r\n` }],
    ["bare line feeds", { body: "one\ntwo\n.three\n" }],
  ])("%s", async (_name, values) => {
    const { data } = await send(values);
    expect(await verdicts(data, zone)).toEqual(BOTH);
  });

  test.each([true, false])("eight bits for a host that takes seven (in memory: %s)", async (inMemory) => {
    const label = [
      { name: "From", value: " joe@example.com" },
      { name: "MIME-Version", value: " 1.0" },
      { name: "Content-Type", value: " text/plain; charset=iso-8859-1" },
      { name: "Content-Transfer-Encoding", value: " 8bit" },
    ];
    const { data } = await send({ body: "h\xe9llo\r\n.dot\r\n", inMemory, peer: [], envelope: { headers: label } });
    expect(data).toContain("h=E9llo");
    expect(await verdicts(data, zone)).toEqual(BOTH);
  });

  test("SIZE= counts the signatures", async () => {
    const { data, parameters } = await send({ peer: ["SIZE"] });
    expect(data).toMatch(/^DKIM-Signature: /);
    expect(parameters).toContain(` SIZE=${data.length}`);
  });
});

describe("whose mail", () => {
  test.each([
    ["of a login", { auth_type: "PLAIN", client_addr: "192.0.2.1" }, BOTH],
    ["of this machine", { client_addr: "127.0.0.1" }, BOTH],
    ["of a stranger", { client_addr: "192.0.2.1" }, []],
  ])("without a ruleset: %s", async (_name, macros, expected) => {
    expect(await verdicts((await send({ envelope: { macros } })).data, zone)).toEqual(expected);
  });

  test("our own reports are, whoever they are about", async () => {
    const headers = [{ name: "From", value: " Mail Delivery Subsystem <MAILER-DAEMON@mx.example.com>" }];
    const envelope = { isReport: true, sender: "", macros: { client_addr: "192.0.2.1" }, headers };
    expect(await verdicts((await send({ envelope })).data, zone)).toEqual(BOTH);
  });

  test.each([
    ["YES", BOTH],
    ["NO", []],
    ["", []],
    ["other.test", ["pass other.test only"]],
    ["other . test", ["pass other.test only"]],
  ])("sign_mail says %s", async (says, expected) => {
    const { data, asked } = await send({ says });
    expect(asked).toEqual(["joe@example.com"]);
    expect(await verdicts(data, zone)).toEqual(expected);
  });

  test.each([
    ["joe@EXAMPLE.com", BOTH],
    ["joe@news.example.com", BOTH],
    ['"Doe, J." <joe@example.com>, x@foreign.test', BOTH],
    ["joe@foreign.test", []],
    ["joe@other.test", ["pass other.test only"]],
    ["undisclosed:;", []],
    ["joe", []],
    ["joe@../example.com", []],
  ])("From: %s", async (from, expected) => {
    const { data } = await send({ from });
    expect(await verdicts(data, zone)).toEqual(expected);
  });

  test("nothing for mailers of this host (F=l)", async () => {
    expect(await verdicts((await send({ flags: "mXl" })).data, zone)).toEqual([]);
  });

  test("the log names domain and selectors", async () => {
    await send({});
    expect(dkimLines()).toEqual([expect.stringMatching(/^\S+: dkim=signed, d=example\.com, s=r,e$/)]);
  });
});

describe("without a usable key", () => {
  beforeEach(() => {
    writeFileSync(join(folder, "example.com", "r.private"), "nonsense\n");
    chmodSync(join(folder, "example.com", "e.private"), 0o644);
  });

  test("the message waits, and only the log says which file is wrong", async () => {
    const { outcome, data } = await send({});
    expect(outcome).toBe("4.7.5 Deferred: the message cannot be signed (DKIM) at the moment");
    expect(data).toBeUndefined();
    expect(dkimLines()[0]).toMatch(/dkim=failed, the message waits, reason=.*e\.private: World readable file/);
  });

  test("DKIMFailure=unsigned: it leaves, and the log says so", async () => {
    const { data } = await send({ options: { DKIMFailure: "unsigned" } });
    expect(data).toMatch(/^From: Joe/);
    expect(dkimLines()[0]).toMatch(/dkim=failed, sent without a signature, reason=/);
  });

  test("sign_mail does not know", async () => {
    const { outcome } = await send({ from: "joe@other.test", says: 'error $@ 4.3.0 $: "451 later"' });
    expect(outcome).toMatch(/^4\.7\.5/);
    expect(dkimLines()[0]).toMatch(/the message waits, reason=sign_mail says: error .*451 later/);
  });

  test("one good key is enough; the other is told of", async () => {
    chmodSync(join(folder, "example.com", "e.private"), 0o600);
    expect(await verdicts((await send({})).data, zone)).toEqual(["pass example.com e"]);
    expect(dkimLines()[0]).toMatch(/r\.private: no private key in PEM/);
  });

  test("a domain that has to be signed and has no key", async () => {
    const { outcome } = await send({ from: "joe@foreign.test", options: { DKIMDomains: "foreign.test" } });
    expect(outcome).toMatch(/^4\.7\.5/);
  });
});

test("a message for several hosts is signed once", async () => {
  const servers = [await sink({ extensions: [] }), await sink({ extensions: [] })];
  const config = testConfig(testOptions({ DKIMKeys: folder, EightBitMode: "mime" }));
  const message = testMessage("h\xe9llo\r\n");
  const headers = [{ name: "From", value: " joe@example.com" }];
  const deliver = agent(0, { config, log });
  for (const [at, server] of servers.entries()) {
    const mailer = testMailer({ argv: ["TCP", "[127.0.0.1]", String(server.port)] });
    await deliver({ mailer, host: `h${at}.test`, message, envelope: { headers, eightBit: true } });
  }
  expect(await verdicts(servers[0].messages[0].data, zone)).toEqual(BOTH);
  expect(servers[1].messages[0].data).toBe(servers[0].messages[0].data);
  expect(dkimLines()).toHaveLength(1);
});

describe("mail of others that is sent on is sealed", () => {
  const options = { ARCSeal: "example.com", SenderChecks: "arc", AuthServId: "mx.example.com" };
  const results = { name: "Authentication-Results", value: " mx.example.com; spf=pass smtp.mailfrom=a.test" };
  const from = { name: "From", value: " joe@foreign.test" };

  async function forward(arc: string | undefined, headers: Envelope["headers"], more: Partial<Sent> = {}) {
    const macros = { client_addr: "192.0.2.1", ...(arc !== undefined && { arc }) };
    return (await send({ options, envelope: { macros, headers }, ...more })).data;
  }

  test("hop after hop, with what was found out at each", async () => {
    const once = await forward("none", [results, from]);
    expect((await verify(once, zone)).arc).toMatchObject({
      result: "pass",
      chain: [{ domain: "example.com", selector: "r" }],
    });
    expect(once).toContain("ARC-Authentication-Results: i=1; mx.example.com; spf=pass smtp.mailfrom=a.test\r\n");
    expect(dkimLines()).toEqual([]);
    expect(lines).toContainEqual(expect.stringMatching(/: arc=sealed, d=example\.com, s=r, cv=none$/));
    const { fields } = parseHeader(once.slice(0, once.indexOf("\r\n\r\n") + 2));
    const twice = await forward("pass", [results, ...fields]);
    const { arc } = await verify(twice, zone);
    expect([arc.result, arc.chain.length]).toEqual(["pass", 2]);
  });

  test("a chain that was broken when it came is sealed as broken", async () => {
    expect(await forward("fail", [results, from])).toMatch(/^ARC-Seal: [^]*cv=none/);
    const once = await forward("none", [results, from]);
    const { fields } = parseHeader(once.slice(0, once.indexOf("\r\n\r\n") + 2));
    expect(await forward("fail", [results, ...fields])).toMatch(/^ARC-Seal: [^]*?cv=fail/);
  });

  test.each([
    ["that was not looked at", undefined, [results, from], {}],
    ["with the results of another host only", "none", [{ ...results, value: " other.test; spf=pass" }, from], {}],
    ["when no domain is named", "none", [results, from], { options: { ...options, ARCSeal: "" } }],
    ["when the domain has no key", "none", [results, from], { options: { ...options, ARCSeal: "nokey.test" } }],
  ])("not %s", async (_name, arc, headers, more) => {
    expect(await forward(arc, headers, more)).not.toContain("ARC-Seal");
  });

  test("our own is signed instead", async () => {
    const headers = [results, { name: "From", value: " joe@example.com" }];
    const { data } = await send({ options, envelope: { macros: { arc: "none" }, headers } });
    expect(data).not.toContain("ARC-Seal");
    expect(await verdicts(data, zone)).toEqual(BOTH);
  });
});
