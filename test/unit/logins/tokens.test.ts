/** Access tokens: whose they are, and which are not believed. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { Tokens } from "../../../src/logins/tokens.ts";
import { authTokens } from "../../../src/config/auth-tokens.ts";

const NOW = Date.UTC(2026, 10, 30);
const clock = { now: () => NOW };
const seconds = NOW / 1000;
const GOOD = { iss: "https://id.test", aud: "mail", exp: seconds + 60, email: "joe@here.test" };

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tokens-"));
  file = join(folder, "jwks.json");
});
afterEach(() => rmSync(folder, { recursive: true }));

async function makeKey(kid: string) {
  const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
  const sign = (claims: JWTPayload, algorithm = "ES256") =>
    new SignJWT(claims).setProtectedHeader({ alg: algorithm, kid }).sign(privateKey);
  return { publicKey: { ...(await exportJWK(publicKey)), kid }, sign };
}

function tokens(keys = file): Tokens {
  return new Tokens({ keys, issuer: GOOD.iss, audience: GOOD.aud, user: "email" }, clock);
}

test("a token names its user; one that is for others, old, unsigned or of another key names nobody", async () => {
  const [ours, theirs] = [await makeKey("a"), await makeKey("a")];
  writeFileSync(file, JSON.stringify({ keys: [ours.publicKey] }));
  const asked = tokens();
  expect(await asked.ownerOf(await ours.sign(GOOD))).toEqual({ kind: "known", value: "joe@here.test" });
  const unsigned = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${Buffer.from(JSON.stringify(GOOD)).toString("base64url")}.`;
  const bad = [
    await theirs.sign(GOOD),
    await ours.sign({ ...GOOD, iss: "https://other.test" }),
    await ours.sign({ ...GOOD, aud: "files" }),
    await ours.sign({ ...GOOD, exp: seconds - 60 }),
    await ours.sign({ ...GOOD, exp: undefined }),
    await ours.sign({ ...GOOD, email: undefined }),
    await ours.sign({ ...GOOD, email: "" }),
    unsigned,
    "no token",
    "",
  ];
  for (const each of bad) expect(await asked.ownerOf(each)).toEqual({ kind: "unknown" });
});

test("the file of keys is read again when it has changed; without it nobody can tell", async () => {
  const [before, after] = [await makeKey("a"), await makeKey("b")];
  const asked = tokens();
  expect(await asked.ownerOf(await before.sign(GOOD))).toMatchObject({ kind: "unavailable" });
  writeFileSync(file, JSON.stringify({ keys: [before.publicKey] }));
  expect((await asked.ownerOf(await before.sign(GOOD))).kind).toBe("known");
  expect((await asked.ownerOf(await after.sign(GOOD))).kind).toBe("unknown");
  writeFileSync(file, JSON.stringify({ keys: [before.publicKey, after.publicKey] }));
  expect((await asked.ownerOf(await after.sign(GOOD))).kind).toBe("known");
});

test("keys of a URL", async () => {
  const key = await makeKey("a");
  const server = createServer((_request, response) => response.end(JSON.stringify({ keys: [key.publicKey] })));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
  try {
    expect(await tokens(url).ownerOf(await key.sign(GOOD))).toEqual({ kind: "known", value: "joe@here.test" });
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  expect(await tokens(url).ownerOf(await key.sign(GOOD))).toMatchObject({ kind: "unavailable" });
});

test("the option", () => {
  expect(authTokens("Keys=/k.json, Issuer=https://id.test, Audience=mail")).toEqual({
    keys: "/k.json",
    issuer: "https://id.test",
    audience: "mail",
    user: "email",
  });
  expect(authTokens("keys=https://id.test/k,issuer=i,audience=a,user=sub")).toMatchObject({ user: "sub" });
  expect(authTokens("Keys=http://id.test/k, Issuer=i, Audience=a")).toMatch(/https/);
  expect(authTokens("Keys=/k.json, Issuer=i")).toMatch(/Audience/);
  expect(authTokens("Keys=/k.json, Colour=red")).toMatch(/no equate Colour/);
  expect(authTokens("nonsense")).toMatch(/no equate$/);
});
