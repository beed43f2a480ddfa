/** The examples of the RFCs, word for word, and of those who invented XOAUTH2. */
import { describe, expect, test } from "@jest/globals";
import { initialArgument } from "../../../src/auth/base64-line.ts";
import { cramMd5, cramServer } from "../../../src/auth/cram-md5.ts";
import type { ClientExchange, Passwords, ServerExchange } from "../../../src/auth/exchange.ts";
import { plain } from "../../../src/auth/plain.ts";
import { ScramClient, ScramServer, scramVerifier } from "../../../src/auth/scram.ts";
import { saslPrep } from "../../../src/auth/saslprep.ts";
import { xoauth2 } from "../../../src/auth/xoauth2.ts";

function answer(exchange: ClientExchange, challenge: string): string {
  const step = exchange.step(Buffer.from(challenge));
  return step.kind === "response" ? step.octets.toString() : `failed: ${step.reason}`;
}

async function reply(exchange: ServerExchange, response: string) {
  const step = await exchange.step(Buffer.from(response));
  return step.kind === "challenge" ? step.octets.toString() : step;
}

const SCRAM = [
  {
    name: "RFC 5802 §5",
    digest: "sha1",
    clientNonce: "fyko+d2lbbFgONRv9qkxdawL",
    serverNonce: "3rfcNHYJY1ZVvWVs7j",
    salt: "QSXCR+Q6sek8bf92",
    proof: "v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
    signature: "rmF9pqV8S7suAoZWja4dJRkFsKQ=",
  },
  {
    name: "RFC 7677 §3",
    digest: "sha256",
    clientNonce: "rOprNGfwEbeRWgbNEkqO",
    serverNonce: "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
    salt: "W22ZaJ0SNY7soEsUEjb6gQ==",
    proof: "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
    signature: "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
  },
] as const;

describe.each(SCRAM)("SCRAM, $name", ({ digest, clientNonce, serverNonce, salt, proof, signature }) => {
  const first = `r=${clientNonce}${serverNonce},s=${salt},i=4096`;
  const last = `c=biws,r=${clientNonce}${serverNonce},p=${proof}`;
  const credentials = { user: "user", password: "pencil" };

  test("the client's side", () => {
    const client = new ScramClient(digest, credentials, clientNonce);
    expect(client.initial.toString()).toBe(`n,,n=user,r=${clientNonce}`);
    expect(answer(client, first)).toBe(last);
    expect(client.isSatisfied).toBe(false);
    expect(answer(client, `v=${signature}`)).toBe("");
    expect(client.isSatisfied).toBe(true);
  });

  test("the server's side", async () => {
    const verifier = scramVerifier(digest, "pencil", Buffer.from(salt, "base64"));
    const passwords: Passwords = {
      check: () => ({ kind: "unknown" }),
      scram: () => ({ kind: "known", value: verifier }),
    };
    const server = new ScramServer(digest, passwords, undefined, serverNonce);
    expect(await reply(server, `n,,n=user,r=${clientNonce}`)).toBe(first);
    const end = await server.step(Buffer.from(last));
    expect(end).toMatchObject({ kind: "accepted", identity: { user: "user", actAs: "user" } });
    expect(end.kind === "accepted" && end.last?.toString()).toBe(`v=${signature}`);
  });

  test("a server that does not know the password is not believed", () => {
    const client = new ScramClient(digest, credentials, clientNonce);
    answer(client, first);
    expect(answer(client, `v=${Buffer.alloc(20).toString("base64")}`)).toMatch(/^failed/);
    expect(client.isSatisfied).toBe(false);
  });

  test.each([
    `r=${serverNonce},s=${salt},i=4096`,
    `r=${clientNonce},s=${salt},i=4096`,
    `${first}00000`,
    `r=${clientNonce}x,s=${salt},i=0`,
    "e=other-error",
    "\0\xff",
  ])("%j is no first message", (text) => {
    expect(answer(new ScramClient(digest, credentials, clientNonce), text)).toMatch(/^failed/);
  });
});

test("names with comma and equals sign, and another identity to act as", () => {
  const client = new ScramClient("sha256", { user: "a,b=c", actAs: "boss", password: "x" }, "nonce");
  expect(client.initial.toString()).toBe("n,a=boss,n=a=2Cb=3Dc,r=nonce");
});

describe("CRAM-MD5, RFC 2195 §2", () => {
  const challenge = "<1896.697170952@postoffice.reston.mci.net>";
  const response = "tim b913a602c7eda7a495b4e6e7334d3890";

  test("the client's side", () => {
    const client = cramMd5.client({ user: "tim", password: "tanstaaftanstaaf" });
    expect(client.initial).toBeUndefined();
    expect(answer(client, challenge)).toBe(response);
  });

  test.each([
    ["tanstaaftanstaaf", "accepted"],
    ["another", "refused"],
  ])("the server's side when the password is %j", async (password, kind) => {
    const passwords: Passwords = {
      check: () => ({ kind: "unknown" }),
      plain: () => ({ kind: "known", value: password }),
    };
    const server = cramServer(passwords, Buffer.from(challenge));
    expect(server?.opening.toString()).toBe(challenge);
    expect(await server?.step(Buffer.from(response))).toMatchObject({ kind });
  });
});

describe("PLAIN, RFC 4616 §4", () => {
  const passwords: Passwords = {
    check: (user, password) => ({ kind: "known", value: user === "tim" && password === "tanstaaftanstaaf" }),
  };

  test("the client's side", () => {
    const credentials = { user: "tim", password: "tanstaaftanstaaf" };
    expect(plain.client(credentials).initial?.toString()).toBe("\0tim\0tanstaaftanstaaf");
    expect(plain.client({ ...credentials, actAs: "Ursel" }).initial?.toString()).toBe("Ursel\0tim\0tanstaaftanstaaf");
  });

  test.each([
    ["\0tim\0tanstaaftanstaaf", { kind: "accepted", identity: { user: "tim", actAs: "tim" } }],
    ["Ursel\0tim\0tanstaaftanstaaf", { kind: "accepted", identity: { user: "tim", actAs: "Ursel" } }],
    ["\0tim\0another", { kind: "refused", user: "tim" }],
    ["tim\0tanstaaftanstaaf", { kind: "malformed" }],
    ["\0\0tanstaaftanstaaf", { kind: "malformed" }],
    ["\0tim\0", { kind: "malformed" }],
    ["\0tim\0a\0b", { kind: "malformed" }],
    ["\0tim\0a\x07", { kind: "malformed" }],
  ])("the server's side: %j", async (response, step) => {
    expect(await plain.server(passwords)?.step(Buffer.from(response))).toMatchObject(step);
  });
});

test("XOAUTH2, the example of its inventors", () => {
  const token = "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg";
  const client = xoauth2.client({ user: "someuser@example.com", password: token });
  expect(initialArgument(client.initial)).toBe(
    " dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0Q2cBAQ==",
  );
  // The reason why not is answered with nothing.
  expect(answer(client, '{"status":"401"}')).toBe("");
});

test.each([
  ["I\u00adX", "IX"],
  ["user", "user"],
  ["USER", "USER"],
  ["\u00aa", "a"],
  ["\u2168", "IX"],
  ["\u0007", undefined],
  ["\u0627\u0031", undefined],
  ["\u0627\u0628", "\u0627\u0628"],
  ["a\u0627", undefined],
  ["a\u00a0b", "a b"],
  ["cafe\u0301", "caf\u00e9"],
  ["\ue000", undefined],
  ["\ud800", undefined],
])("SASLprep of %j is %j (RFC 4013 §3 and more)", (text, prepared) => {
  expect(saslPrep(text)).toBe(prepared);
});
