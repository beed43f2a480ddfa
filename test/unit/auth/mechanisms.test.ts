/** Both sides of each mechanism with each other, what they make of noise, and which one is taken. */
import { describe, expect, test } from "@jest/globals";
import { fromLine, initialArgument, toLine } from "../../../src/auth/base64-line.ts";
import type { ClientCredentials, Mechanism, Passwords, ServerStep } from "../../../src/auth/exchange.ts";
import { chooseMechanisms, mechanismNamed, MECHANISMS } from "../../../src/auth/mechanisms.ts";
import { scramVerifier } from "../../../src/auth/scram.ts";
import { fuzz, type Random } from "../../support/fuzz.ts";

function keeping(user: string, password: string): Passwords {
  const ask = (name: string, secret: string) =>
    name === user ? { kind: "known" as const, value: secret === password } : { kind: "unknown" as const };
  return {
    check: ask,
    token: (name, token) => Promise.resolve(ask(name, token)),
    plain: (name) => (name === user ? { kind: "known", value: password } : { kind: "unknown" }),
    scram: (name, digest) =>
      name === user ? { kind: "known", value: scramVerifier(digest, password, undefined, 4096) } : { kind: "unknown" },
  };
}

/** Lets the two talk as SMTP would; the server's last word. */
async function talk(mechanism: Mechanism, credentials: ClientCredentials, passwords: Passwords): Promise<ServerStep> {
  const client = mechanism.client(credentials);
  const server = mechanism.server(passwords);
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

describe.each(MECHANISMS)("$name", (mechanism) => {
  test("who knows the password is let in, who does not is not", async () => {
    await fuzz(8, async (random) => {
      const password = randomPassword(random);
      const token = mechanism.name === "XOAUTH2" ? password.replaceAll(/\s/g, "_") : password;
      const passwords = keeping("joe", token);
      const right = { user: "joe", password: token };
      expect(await talk(mechanism, right, passwords)).toMatchObject({ kind: "accepted", identity: { user: "joe" } });
      expect((await talk(mechanism, { ...right, password: `${token}x` }, passwords)).kind).toBe("refused");
      expect((await talk(mechanism, { ...right, user: "jim" }, passwords)).kind).toBe("refused");
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
      const server = mechanism.server(keeping("joe", "secret"));
      for (let turn = 0; turn < 3; turn++) {
        const step = await server?.step(noise());
        expect(["challenge", "malformed", "refused"]).toContain(step?.kind);
      }
    });
  });
});

test("mechanisms whose verifiers are not kept are not offered", () => {
  const passwords: Passwords = { check: () => ({ kind: "known", value: true }) };
  const offered = MECHANISMS.filter((each) => each.server(passwords) !== undefined).map(({ name }) => name);
  expect(offered).toEqual(["PLAIN", "LOGIN"]);
});

describe("the choice", () => {
  const all = ["login", "PLAIN", "XOAUTH2", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "GSSAPI"];
  const chosen = (allowed: readonly string[], encrypted: boolean) =>
    chooseMechanisms({ offered: all, allowed, mayReveal: () => encrypted }).map(({ name }) => name);

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
