/** Both sides of each mechanism with each other, what they make of noise, and which one is taken. */
import { describe, expect, test } from "@jest/globals";
import { fromLine, initialArgument, toLine } from "../../../src/auth/base64-line.ts";
import type {
  ClientCredentials,
  ConnectionFacts,
  Mechanism,
  Passwords,
  ServerStep,
} from "../../../src/auth/exchange.ts";
import { chooseMechanisms, mechanismNamed, MECHANISMS } from "../../../src/auth/mechanisms.ts";
import { scramVerifier } from "../../../src/auth/scram.ts";
import { fuzz, type Random } from "../../support/fuzz.ts";

function keeping(user: string, password: string): Passwords {
  const ask = (name: string, secret: string) =>
    name === user ? { kind: "known" as const, value: secret === password } : { kind: "unknown" as const };
  return {
    check: ask,
    token: (token) => Promise.resolve(token === password ? { kind: "known", value: user } : { kind: "unknown" }),
    plain: (name) => (name === user ? { kind: "known", value: password } : { kind: "unknown" }),
    scram: (name, digest) =>
      name === user ? { kind: "known", value: scramVerifier(digest, password, undefined, 4096) } : { kind: "unknown" },
  };
}

const CONNECTION: ConnectionFacts = {
  secure: true,
  clientAddress: "192.0.2.1",
  serverAddress: "192.0.2.2",
  channelBinding: Buffer.alloc(32, 7),
  certified: { subject: "/CN=joe", commonName: "joe" },
};
const TOKENS = new Set(["XOAUTH2", "OAUTHBEARER"]);

/** Lets the two talk as SMTP would; the server's last word. */
async function talk(mechanism: Mechanism, credentials: ClientCredentials, passwords: Passwords): Promise<ServerStep> {
  const bound = mechanism.name.endsWith("-PLUS")
    ? { channelBinding: CONNECTION.channelBinding, ...credentials }
    : credentials;
  const client = mechanism.client(bound);
  const server = mechanism.server(passwords, CONNECTION);
  if (server === undefined) throw new Error("not offered");
  let said = client.initial;
  if (said === undefined) said = respond(client.step(server.opening));
  for (let turns = 0; turns < 5; turns++) {
    const step = await server.step(said);
    if (step.kind === "accepted" && step.last !== undefined) respond(client.step(step.last));
    if (step.kind !== "challenge") {
      if (step.kind === "accepted") expect(client.isSatisfied).toBe(true);
      return step;
    }
    said = respond(client.step(step.octets));
  }
  throw new Error("no end");
}

function respond(step: ReturnType<ReturnType<Mechanism["client"]>["step"]>): Buffer {
  if (step.kind === "failed") throw new Error(step.reason);
  return step.octets;
}

function randomPassword(random: Random): string {
  const letters = "abcXYZ0189 ,=\"\\'$%&<>~\u00e4\u00df\u20ac";
  return Array.from({ length: 1 + random(20) }, () => letters[random(letters.length)]).join("");
}

const away = () => ({ kind: "unavailable", reason: "no socket" }) as const;

describe.each(MECHANISMS.filter(({ name }) => name !== "EXTERNAL"))("$name", (mechanism) => {
  test("who knows the password is let in, who does not is not", async () => {
    await fuzz(8, async (random) => {
      const password = randomPassword(random);
      const token = TOKENS.has(mechanism.name) ? password.replaceAll(/\s/g, "_") : password;
      const passwords = keeping("joe", token);
      const right = { user: "joe", password: token };
      expect(await talk(mechanism, right, passwords)).toMatchObject({ kind: "accepted", identity: { user: "joe" } });
      expect((await talk(mechanism, { ...right, password: `${token}x` }, passwords)).kind).toBe("refused");
      const other = await talk(mechanism, { ...right, user: "jim" }, passwords);
      // The token says whose it is; whether that one may act as the other is not the mechanism's business.
      if (mechanism.name === "OAUTHBEARER") expect(other).toMatchObject({ identity: { user: "joe", actAs: "jim" } });
      else expect(other.kind).toBe("refused");
    });
  });

  test("where passwords cannot be asked now, the client is to come later", async () => {
    const passwords: Passwords = { check: away, token: away, plain: away, scram: away };
    expect(await talk(mechanism, { user: "joe", password: "x" }, passwords)).toMatchObject({ kind: "unavailable" });
  });

  test("noise breaks neither side", async () => {
    await fuzz(200, async (random) => {
      const noise = (): Buffer => {
        const pieces = [
          "r=",
          "n,,",
          "n=joe",
          ",",
          "p=",
          "v=",
          "\0",
          "user=",
          "auth=Bearer ",
          "\x01",
          "AA==",
          "i=1",
          "\xff",
        ];
        return Buffer.from(Array.from({ length: random(8) }, () => pieces[random(pieces.length)]).join(""), "latin1");
      };
      const client = mechanism.client({ user: "joe", password: "secret" });
      for (let turn = 0; turn < 3; turn++) expect(["response", "failed"]).toContain(client.step(noise()).kind);
      const server = mechanism.server(keeping("joe", "secret"), CONNECTION);
      for (let turn = 0; turn < 3; turn++) {
        const step = await server?.step(noise());
        expect(["challenge", "malformed", "refused"]).toContain(step?.kind);
      }
    });
  });
});

describe("channel binding", () => {
  const passwords = keeping("joe", "secret");
  const credentials = { user: "joe", password: "secret" };
  const [plus, usual] = ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"].map((name) => {
    const found = mechanismNamed(name);
    if (found === undefined) throw new Error(name);
    return found;
  });

  test("is offered inside TLS alone", () => {
    expect(plus.server(passwords, { ...CONNECTION, channelBinding: undefined })).toBeUndefined();
    expect(plus.server(passwords)).toBeUndefined();
  });

  test("who stands between two connections is found out", async () => {
    const elsewhere = { ...credentials, channelBinding: Buffer.alloc(32, 8) };
    expect(await talk(plus, elsewhere, passwords)).toMatchObject({ kind: "malformed", reason: "another binding" });
  });

  test.each([
    ["y,,n=joe,r=abc", usual, /hidden -PLUS/],
    ["n,,n=joe,r=abc", plus, /not this mechanism's/],
    ["p=tls-exporter,,n=joe,r=abc", usual, /not this mechanism's/],
    ["p=tls-unique,,n=joe,r=abc", plus, /not this mechanism's/],
    ["p=tls-unique,,n=joe,r=abc", usual, /unknown channel binding/],
  ])("%s to a server", async (first, mechanism, reason) => {
    const step = await mechanism.server(passwords, CONNECTION)?.step(Buffer.from(first));
    expect(step).toEqual({ kind: "malformed", reason: expect.stringMatching(reason) });
  });

  test("a client without -PLUS may say that it has none where none is offered", async () => {
    const step = await usual
      .server(passwords, { ...CONNECTION, channelBinding: undefined })
      ?.step(Buffer.from("y,,n=joe,r=abc"));
    expect(step?.kind).toBe("challenge");
  });
});

test("EXTERNAL takes the name in the certificate, and says whom the client wants to be", async () => {
  const external = mechanismNamed("EXTERNAL");
  const passwords = keeping("joe", "secret");
  expect(external?.server(passwords, { ...CONNECTION, certified: undefined })).toBeUndefined();
  const ask = (name: string) => external?.server(passwords, CONNECTION)?.step(Buffer.from(name));
  const own = { kind: "accepted", identity: { user: "/CN=joe", actAs: "/CN=joe" } };
  expect([ask(""), ask("joe")]).toEqual([own, own]);
  expect(ask("ann")).toEqual({ kind: "accepted", identity: { user: "/CN=joe", actAs: "ann" } });
  expect(ask("a\0")).toMatchObject({ kind: "malformed" });
});

test("OAUTHBEARER as in RFC 7628 section 4", async () => {
  const bearer = mechanismNamed("OAUTHBEARER");
  const message =
    "n,a=user@example.com,\x01host=server.example.com\x01port=587\x01auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\x01\x01";
  const say = (text: string) =>
    bearer?.server(keeping("user@example.com", "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="))?.step(Buffer.from(text));
  expect(await say(message)).toMatchObject({ kind: "accepted", identity: { user: "user@example.com" } });
  expect(await say(message.replace("n,a=user@example.com,", "n,,"))).toMatchObject({
    identity: { actAs: "user@example.com" },
  });
  expect(await say("n,,\x01\x01")).toMatchObject({ kind: "malformed" });
  const server = bearer?.server(keeping("joe", "other"));
  expect(await server?.step(Buffer.from(message))).toEqual({
    kind: "challenge",
    octets: Buffer.from('{"status":"invalid_token"}'),
    refused: { user: "user@example.com" },
  });
  expect(await server?.step(Buffer.from("\x01"))).toEqual({ kind: "refused", user: "user@example.com" });
});

test("mechanisms whose verifiers are not kept are not offered", () => {
  const passwords: Passwords = { check: () => ({ kind: "known", value: true }) };
  const offered = MECHANISMS.filter((each) => each.server(passwords) !== undefined).map(({ name }) => name);
  expect(offered).toEqual(["PLAIN", "LOGIN"]);
});

describe("the choice", () => {
  const all = [
    "login",
    "PLAIN",
    "XOAUTH2",
    "CRAM-MD5",
    "SCRAM-SHA-1",
    "SCRAM-SHA-256",
    "SCRAM-SHA-256-PLUS",
    "EXTERNAL",
    "GSSAPI",
  ];
  const chosen = (allowed: readonly string[], encrypted: boolean, hasCertificate = true, hasPassword = true) =>
    chooseMechanisms({ offered: all, allowed, mayReveal: () => encrypted, hasCertificate, hasPassword }).map(
      ({ name }) => name,
    );

  test("the strongest comes first; a token is no password", () => {
    expect(chosen([], true)).toEqual(["SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "PLAIN", "LOGIN"]);
  });
  test("nothing that reveals the secret without encryption", () => {
    expect(chosen([], false)).toEqual(["SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5"]);
  });
  test("only what is allowed", () => {
    expect(chosen(["plain", "XOAUTH2"], true)).toEqual(["XOAUTH2", "PLAIN"]);
    expect(chosen(["GSSAPI"], true)).toEqual([]);
  });
  test("EXTERNAL where it is named and we have shown a certificate; without a password nothing else", () => {
    const named = ["EXTERNAL", "PLAIN"];
    expect(chosen(named, true)).toEqual(["EXTERNAL", "PLAIN"]);
    expect(chosen(named, true, false)).toEqual(["PLAIN"]);
    expect(chosen(named, true, true, false)).toEqual(["EXTERNAL"]);
    expect(chosen(named, true, false, false)).toEqual([]);
  });
});

test("names are found in any case", () => {
  expect(mechanismNamed("scram-sha-256")?.name).toBe("SCRAM-SHA-256");
  expect(mechanismNamed("DIGEST-MD5")).toBeUndefined();
});

test("lines", () => {
  expect(fromLine("am9l\r\n")?.toString()).toBe("joe");
  expect(fromLine("")?.length).toBe(0);
  expect(fromLine("am9")).toBeUndefined();
  expect(fromLine("a=9l")).toBeUndefined();
  expect(toLine(Buffer.from("joe"))).toBe("am9l");
  expect([undefined, Buffer.alloc(0), Buffer.from("joe")].map(initialArgument)).toEqual(["", " =", " am9l"]);
});
