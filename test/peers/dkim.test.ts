/** DKIM and ARC beside dkimpy and opendkim: they verify what we sign, we verify what they sign, with both algorithms. */
import { spawnSync } from "node:child_process";
import { createPublicKey, type KeyObject } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import { sealableNames, startSealer } from "../../src/authentication/arc/seal.ts";
import { SignedNames, startSigner } from "../../src/authentication/dkim/sign.ts";
import { runMilterCommand } from "../../src/cli/milter/command.ts";
import { systemClock } from "../../src/sys/clock.ts";
import { answeringResolver } from "../support/answering-resolver.ts";
import { runCommand } from "../support/command.ts";
import { ED25519_KEY, ED25519_RECORD, RSA, RSA_RECORD, rsaData } from "../support/dkim-keys.ts";
import { PATIENCE_MS } from "../support/foreign-programs.ts";
import { peerDescribe } from "../support/peers.ts";
import * as filters from "../support/real-filters.ts";
import { cutMessage, verifyText } from "../support/whole-message.ts";

const home = join(import.meta.dirname, "../..");
const ZONE = { "r._domainkey.x.example": RSA_RECORD, "e._domainkey.x.example": ED25519_RECORD };
const KEYS = [
  { domain: "x.example", selector: "r", key: RSA.privateKey },
  { domain: "x.example", selector: "e", key: ED25519_KEY, identity: "@x.example" },
];
const FIELDS = ["From", "To", "Subject", "Date", "Message-ID", "Received", "List-Id", "MIME-Version", "Content-Type"];

const HEADER = `Received: from a by b;\r\n\tMon, 30 Nov 2026 19:11:01 +0000\r\nFrom: Joe <joe@x.example>\r\nTo: ann@y.example,\r\n  bob@y.example\r\nSubject: caf=E9  \t caf\xe9\r\nDate: Mon, 30 Nov 2026 19:11:01 +0000\r\nMessage-ID: <1@x.example>\r\n`;
const MESSAGES = ["", "line one\r\n\r\nline \t three  \r\n\r\n\r\n", "no end", "\r\n\r\n", " \r\n\xe9\r\n"].map(
  (body) => `${HEADER}\r\n${body}`,
);

/** The message with signatures of both keys, as our server writes them. */
async function signed(message: string): Promise<string> {
  const { fields, body } = cutMessage(message);
  const signer = startSigner(fields, KEYS, {
    clock: systemClock,
    names: new SignedNames(FIELDS, ["From", "Subject"]),
    expireSeconds: 9999,
  });
  signer.update(body);
  return inFront(await signer.end(), message);
}

function inFront(fields: readonly string[], message: string): string {
  return fields.map((field) => `${field}\r\n`).join("") + message;
}

/** Sealed by us three times; dkimpy knows no seals with Ed25519. */
async function sealed(message: string): Promise<string> {
  let text = message;
  for (const key of [KEYS[0], KEYS[0], KEYS[0]]) {
    const { arc } = await verifyText(text, { resolver: answeringResolver(ZONE), clock: systemClock, arc: true });
    const { fields, body } = cutMessage(text);
    const results = "mx.x.example; spf=pass smtp.mailfrom=joe@x.example;\r\n\tdkim=none";
    const sealer = startSealer(fields, key, {
      clock: systemClock,
      names: sealableNames(FIELDS),
      validation: arc.result,
      results,
    });
    sealer.update(body);
    text = inFront(await sealer.end(), text);
  }
  return text;
}

function runPython(script: string, words: readonly string[], input: string): unknown {
  const { file, environment } = filters.python();
  const { stdout, stderr } = spawnSync(file, [join(import.meta.dirname, "dkim", script), ...words], {
    cwd: home,
    input,
    encoding: "utf8",
    timeout: PATIENCE_MS,
    env: { PATH: process.env["PATH"], ...environment },
  });
  if (stdout === "") throw new Error(`${script}: ${stderr}`);
  return JSON.parse(stdout);
}

function judgedByDkimpy(messages: readonly string[]): unknown {
  const encoded = messages.map((message) => Buffer.from(message, "latin1").toString("base64"));
  return runPython("verify.py", [], JSON.stringify({ dns: ZONE, messages: encoded }));
}

peerDescribe("dkimpy", ["dkimpy"], () => {
  test("its own tests, with our verifier in place of its own", () => {
    const verifier = [process.execPath, "--no-warnings", join(import.meta.dirname, "dkim/verifier.ts")];
    expect(runPython("suite.py", verifier, "")).toEqual({
      ran: 60,
      failed: {
        // A key of 512 bits (RFC 8301: 1024 at least).
        "test_dkim.TestSignAndVerify.test_dkim_signature_canonicalization": expect.anything(),
        // What stands behind l= counts as a change.
        "test_dkim.TestSignAndVerify.test_l_verify": expect.anything(),
        // Keys for TLS reports alone: no service of mail.
        "test_dkim_tlsrpt.TestSignAndVerify.test_tlsrpt_with_strict_no_tlsrptsvc": expect.anything(),
        "test_dkim_tlsrpt.TestSignAndVerify.test_tlsrpt_with_strict_tlsrptsvc": expect.anything(),
        "test_dkim_tlsrpt.TestSignAndVerify.test_tlsrpt_with_tlsrptsvc": expect.anything(),
        // They look into their verifier.
        "test_dkim.TestSignAndVerify.test_extra_headers": expect.stringContaining("AttributeError"),
        "test_dkim_ed25519.TestSignAndVerify.test_extra_headers": expect.stringContaining("AttributeError"),
      },
    });
  });

  test("verifies what we sign, and notices a change", async () => {
    const good = await Promise.all(MESSAGES.map(signed));
    const bad = good.map((message) => message.replace("From: Joe", "From: Jim"));
    expect(judgedByDkimpy([...good, ...bad])).toEqual([
      ...good.map(() => expect.objectContaining({ dkim: [true, true] })),
      ...bad.map(() => expect.objectContaining({ dkim: [false, false] })),
    ]);
  });

  test("verifies chains that we seal", async () => {
    const good = await Promise.all(MESSAGES.map(sealed));
    const bad = await sealed((await sealed(MESSAGES[1])).replace("From: Joe", "From: Jim"));
    expect(judgedByDkimpy([...good, bad])).toEqual([
      ...good.map(() => expect.objectContaining({ arc: "pass" })),
      // A seal that says so itself is no result of dkimpy.
      expect.objectContaining({ arc: "none" }),
    ]);
  });
});

const running: filters.RealFilter[] = [];
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "message-"));
});
afterEach(async () => {
  for (const filter of running.splice(0)) await filter.stop();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function started<T extends filters.RealFilter>(filter: Promise<T>): Promise<T> {
  const there = await filter;
  running.push(there);
  return there;
}

/** The message as it leaves a filter. */
async function filtered(filter: filters.RealFilter, message: string): Promise<string> {
  const file = join(folder, "message");
  writeFileSync(file, message, "latin1");
  const client = ["--client", "localhost [127.0.0.1]", "--to", "ann@y.example"];
  const { output, errors } = await runCommand(runMilterCommand, ["test", "--json", ...client, filter.socket, file]);
  expect(errors).toBe("");
  const { message: after } = JSON.parse(output) as {
    readonly message: {
      readonly fields: readonly { readonly name: string; readonly value: string }[];
      readonly body: string;
    };
  };
  return `${after.fields.map(({ name, value }) => `${name}:${value}\r\n`).join("")}\r\n${after.body}`;
}

function recordOf(key: KeyObject): string {
  if (key.asymmetricKeyType === "rsa") return `v=DKIM1; p=${rsaData(key)}`;
  const x = createPublicKey({ key: key.export({ format: "pem", type: "spki" }), format: "pem" }).export({
    format: "jwk",
  }).x!;
  return `v=DKIM1; k=ed25519; p=${Buffer.from(x, "base64url").toString("base64")}`;
}

peerDescribe("opendkim", ["opendkim"], () => {
  test("verifies what we sign", async () => {
    const filter = await started(filters.startVerifier(ZONE));
    for (const message of MESSAGES) {
      const after = await filtered(filter, await signed(message));
      const [results] = cutMessage(after).fields;
      expect(results.name).toBe("Authentication-Results");
      expect(results.value.match(/dkim=\w+/g)).toEqual(["dkim=pass", "dkim=pass"]);
    }
  });

  test.each([
    ["rsa-sha256", "relaxed/relaxed"],
    ["rsa-sha256", "simple/simple"],
    ["rsa-sha256", "relaxed/simple"],
    ["ed25519-sha256", "relaxed/relaxed"],
    // Not with c=simple: nobody, dkimpy neither, verifies what it writes then.
    ["ed25519-sha256", "relaxed/simple"],
  ] as const)("signs with %s, %s, and we verify it", async (algorithm, canonicalization) => {
    const filter = await started(filters.startSigner("x.example", { algorithm, canonicalization }));
    const resolver = answeringResolver({ "test._domainkey.x.example": recordOf(filter.publicKey) });
    for (const message of MESSAGES) {
      const after = await filtered(filter, message);
      const { dkim } = await verifyText(after, { resolver, clock: systemClock, arc: false });
      expect(dkim).toEqual([expect.objectContaining({ result: "pass", algorithm, domain: "x.example" })]);
    }
  });
});
