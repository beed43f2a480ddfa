/** Who tries AUTH without a right to: what he can find out, what he can get around, and what others notice of him. */
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { Passwords } from "../../src/auth/exchange.ts";
import { mechanismNamed } from "../../src/auth/mechanisms.ts";
import { ScramClient } from "../../src/auth/scram.ts";
import { LocalAuthenticator } from "../../src/logins/local-authenticator.ts";
import { PasswordFile } from "../../src/logins/password-file.ts";
import { formatRecord, makeRecord } from "../../src/logins/password-record.ts";
import { TEST_CERTIFICATE, TEST_KEY } from "../support/certificate.ts";
import { refusal } from "../support/fake-smtp-services.ts";
import { instant } from "../support/instant-clock.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { SmtpDialogue, until } from "../support/smtp-dialogue.ts";
import { withServer } from "../support/smtp-server-under-test.ts";
import { handshake } from "../support/tls-client.ts";

const b64 = (text: string): string => Buffer.from(text, "utf8").toString("base64");
const CHEAP = { logN: 4, r: 1, p: 1 };
const CLEAR = { AuthCleartext: true };
const PASSWORD = "correct horse";
const FAILED = "535 5.7.0 authentication failed";

function fail(text: string): never {
  throw new Error(text);
}

let folder: string;
let passwords: PasswordFile;

beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "auth-attacks-")));
  const records = [
    await makeRecord("joe", PASSWORD, true, CHEAP),
    { ...(await makeRecord("gone", PASSWORD, true, CHEAP)), disabled: true },
  ];
  const path = join(folder, "passwords");
  writeFileSync(path, records.map((record) => `${formatRecord(record)}\n`).join(""), { mode: 0o600 });
  passwords = new PasswordFile(path, () => ({ dontBlame: new Set() }), fail);
  writeFileSync(join(folder, "key.pem"), TEST_KEY, { mode: 0o600 });
  writeFileSync(join(folder, "cert.pem"), TEST_CERTIFICATE);
});

afterAll(() => rmSync(folder, { recursive: true }));

const certified = () => ({ ServerCertFile: join(folder, "cert.pem"), ServerKeyFile: join(folder, "key.pem") });

/** An exchange of the mechanism to its end; octets of the server that are random are told by their lengths. */
async function exchange(client: SmtpDialogue, name: string, user: string, password: string): Promise<string[]> {
  const ours = mechanismNamed(name)!.client({ user, password });
  const heard: string[] = [];
  let reply = await client.ask(
    `AUTH ${name}${ours.initial === undefined ? "" : ` ${ours.initial.toString("base64")}`}`,
  );
  while (reply.startsWith("334")) {
    const challenge = Buffer.from(reply.slice(4), "base64");
    const shape = challenge
      .toString("latin1")
      .replace(/[A-Za-z0-9+/=]{16,}|(?<=\.)[0-9]{13}/g, ({ length }) => `<${length}>`);
    heard.push(`334 ${shape}`);
    const step = ours.step(challenge);
    reply = await client.ask(step.kind === "response" ? step.octets.toString("base64") : "*");
  }
  return [...heard, reply];
}

describe.each(["PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"])("%s", (mechanism) => {
  test("answers the same, as late, to a wrong password, to who is not there and to who was disabled", async () => {
    const tries = [
      ["joe", "wrong"],
      ["nobody", PASSWORD],
      ["gone", PASSWORD],
    ] as const;
    const found: unknown[] = [];
    for (const [user, password] of tries) {
      const waits: number[] = [];
      const behaviour = { authenticator: new LocalAuthenticator({ passwords }), options: CLEAR, clock: instant(waits) };
      await withServer(behaviour, async ({ introduced }) => {
        found.push({ heard: await exchange(await introduced(), mechanism, user, password), waits });
      });
    }
    expect(found[0]).toMatchObject({ waits: [500] });
    expect(found[1]).toEqual(found[0]);
    expect(found[2]).toEqual(found[0]);
    expect((found[0] as { heard: string[] }).heard.at(-1)).toBe(FAILED);
  });
});

test("SCRAM shows who is not there the same salt each time, as it does to users", async () => {
  const first = Buffer.from(new ScramClient("sha256", { user: "nobody", password: "x" }).initial);
  const saltOf = async (): Promise<string | undefined> => {
    const step = await new LocalAuthenticator({ passwords })
      .start("SCRAM-SHA-256", { secure: true, clientAddress: "", serverAddress: "" })
      ?.begin(first);
    return step?.kind === "challenge" ? /s=([^,]+)/.exec(step.octets.toString())?.[1] : undefined;
  };
  const salt = await saltOf();
  expect(salt).toMatch(/^[A-Za-z0-9+/]{22}==$/);
  expect(await saltOf()).toBe(salt);
});

test("AUTH that came in clear behind STARTTLS is never looked at, and a login before the handshake counts no more", async () => {
  const authenticator = new LocalAuthenticator({ passwords });
  const port = { modifiers: new Set("a") };
  const plain = `AUTH PLAIN ${b64(`\0joe\0${PASSWORD}`)}`;
  await withServer({ authenticator, options: { ...certified(), ...CLEAR }, port }, async ({ introduced, services }) => {
    const injected = await introduced();
    await injected.raw(`STARTTLS\r\n${plain}\r\n`);
    await injected.reply();
    await handshake(injected);
    expect((await injected.script("EHLO x", "MAIL FROM:<a@b>"))[1]).toBe("530 5.7.0 Authentication required");
    const before = await introduced();
    expect((await before.script(plain, "STARTTLS")).map((each) => each.slice(0, 3))).toEqual(["235", "220"]);
    await handshake(before);
    const said = await before.script("EHLO x", "MAIL FROM:<a@b>", plain, "MAIL FROM:<a@b>");
    expect(said.slice(1).map((each) => each.slice(0, 3))).toEqual(["530", "235", "250"]);
    expect(services.lines.filter(({ text }) => text.startsWith("AUTH=server"))).toHaveLength(2);
  });
});

test("outside of TLS a password that is shown all the same is not looked at", async () => {
  let asked = 0;
  const counting: Passwords = {
    check: () => {
      asked++;
      return { kind: "known", value: true };
    },
  };
  await withServer(
    { authenticator: new LocalAuthenticator({ passwords: counting }), options: certified() },
    async ({ introduced }) => {
      const client = await introduced();
      const said = await client.script(`AUTH PLAIN ${b64("\0joe\0x")}`, "AUTH LOGIN", `AUTH login ${b64("joe")}`);
      expect(said.map((each) => each.slice(0, 9))).toEqual(Array<string>(3).fill("503 5.3.3"));
      expect(asked).toBe(0);
    },
  );
});

test("guesses that are sent at once are looked at one after the other, each when the last was answered", async () => {
  const clock = new ManualClock();
  let asked = 0;
  const counting: Passwords = {
    check: () => {
      asked++;
      return { kind: "known", value: false };
    },
  };
  await withServer(
    { authenticator: new LocalAuthenticator({ passwords: counting }), options: CLEAR, clock },
    async ({ introduced }) => {
      const client = await introduced();
      await client.raw(`AUTH PLAIN ${b64("\0joe\0x")}\r\n`.repeat(6));
      for (let count = 1; count <= 6; count++) {
        await until(() => asked === count);
        clock.advance(500 * 2 ** (count - 1) - 1);
        expect(asked).toBe(count);
        clock.advance(1);
        expect(await client.reply()).toMatch(count < 6 ? /^535 / : /^421 /);
      }
      expect(await client.rest()).toBe("");
    },
  );
});

test("who hangs up before the answer gets no more guesses: the next ones wait, from whichever connection", async () => {
  const waits: number[] = [];
  const clock = new ManualClock();
  const after = clock.after.bind(clock);
  clock.after = (ms, action) => {
    waits.push(ms);
    return after(ms, action);
  };
  let asked = 0;
  const counting: Passwords = {
    check: () => {
      asked++;
      return { kind: "known", value: false };
    },
  };
  const authenticator = new LocalAuthenticator({ passwords: counting });
  await withServer({ authenticator, options: CLEAR, clock }, async ({ introduced, services }) => {
    const guess = `AUTH PLAIN ${b64("\0joe\0x")}\r\n`;
    const failed = () => services.lines.filter(({ text }) => text.startsWith("AUTH failure")).length;
    for (let i = 1; i <= 6; i++) {
      const client = await introduced();
      await client.raw(guess);
      await until(() => failed() === i);
      client.destroy();
    }
    const late: SmtpDialogue[] = [];
    for (let i = 0; i < 10; i++) late.push(await introduced());
    for (const client of late) await client.raw(guess);
    const away = await introduced();
    await until(() => waits.includes(10_000));
    expect(await away.ask(guess.trim())).toBe("454 4.7.0 Temporary authentication failure");
    expect(services.lines.map(({ text }) => text)).toContain("AUTH too often, relay=localhost [127.0.0.1]");
    expect(asked).toBe(6);
    for (let i = 1; i <= 3; i++) {
      clock.advance(1000);
      await until(() => asked === 6 + i);
    }
  });
});

test("while a hundred attempts of one client wait, another one logs in", async () => {
  const authenticator = new LocalAuthenticator({
    passwords: { check: (_user, password) => ({ kind: "known", value: password === PASSWORD }) },
  });
  const clock = new ManualClock();
  await withServer({ authenticator, options: CLEAR, clock }, async ({ introduced, listener, services }) => {
    for (let i = 0; i < 100; i++) await (await introduced()).raw(`AUTH PLAIN ${b64("\0joe\0x")}\r\n`);
    await until(() => services.lines.some(({ text }) => text.startsWith("AUTH too often")));
    const other = await SmtpDialogue.open(listener.boundPort, "127.0.0.1", "127.0.0.3");
    await other.reply();
    expect((await other.script("EHLO x", `AUTH PLAIN ${b64(`\0joe\0${PASSWORD}`)}`))[1]).toMatch(/^235 /);
    other.destroy();
  });
});

describe("a token that does not count", () => {
  const authenticator = new LocalAuthenticator({ token: () => ({ kind: "unknown" }) });
  const attempts: Readonly<Record<string, string>> = {
    OAUTHBEARER: b64("n,a=joe,\x01auth=Bearer t\x01\x01"),
    XOAUTH2: b64("user=joe\x01auth=Bearer t\x01\x01"),
  };

  test.each(Object.entries(attempts))(
    "%s: however the client answers the reason, it has failed",
    async (name, first) => {
      for (const answer of ["", "AQ==", "*", "!!!"]) {
        const waits: number[] = [];
        await withServer({ authenticator, options: CLEAR, clock: instant(waits) }, async ({ introduced, services }) => {
          const client = await introduced();
          expect((await client.ask(`AUTH ${name} ${first}`)).slice(0, 4)).toBe("334 ");
          expect(await client.ask(answer)).toBe(FAILED);
          expect(waits).toEqual([500]);
          expect(services.lines.at(-1)?.text).toMatch(
            /^AUTH failure \(\w+\): .*: authentication failure: .*, user=joe, relay=/,
          );
        });
      }
    },
  );

  test("who hangs up then has failed as well", async () => {
    const waits: number[] = [];
    await withServer({ authenticator, options: CLEAR, clock: instant(waits) }, async ({ introduced, services }) => {
      const client = await introduced();
      await client.ask(`AUTH XOAUTH2 ${attempts["XOAUTH2"]}`);
      client.destroy();
      await until(() => services.lines.some(({ text }) => text.startsWith("AUTH failure (XOAUTH2)")));
      const next = await introduced();
      await next.script(`AUTH XOAUTH2 ${attempts["XOAUTH2"]}`, "*");
      expect(waits).toEqual([1000]);
    });
  });
});

describe("somebody else's name, with one's own password", () => {
  const authenticator = new LocalAuthenticator({
    passwords: {
      check: () => ({ kind: "known", value: true }),
      scram: (_user, digest) => passwords.scram("joe", digest),
    },
    token: () => ({ kind: "known", value: "joe" }),
  });

  test.each([
    ["PLAIN", b64("boss\0joe\0x")],
    ["OAUTHBEARER", b64("n,a=boss,\x01auth=Bearer t\x01\x01")],
    ["SCRAM-SHA-256", ""],
  ])("%s asks trust_auth, and its no is a 535", async (name, initial) => {
    for (const allowed of [false, true]) {
      const check = (set: string) =>
        set === "trust_auth" && !allowed ? refusal(550, "5.7.1", "no") : { kind: "ok" as const };
      await withServer({ authenticator, options: CLEAR, check, clock: instant() }, async ({ introduced, services }) => {
        const client = await introduced();
        if (initial === "") {
          const scram = new ScramClient("sha256", { user: "joe", actAs: "boss", password: PASSWORD });
          let reply = await client.ask(`AUTH ${name} ${scram.initial.toString("base64")}`);
          while (reply.startsWith("334")) {
            const step = scram.step(Buffer.from(reply.slice(4), "base64"));
            reply = await client.ask(step.kind === "response" ? step.octets.toString("base64") : "*");
          }
          expect(reply.slice(0, 3)).toBe(allowed ? "235" : "535");
        } else expect((await client.ask(`AUTH ${name} ${initial}`)).slice(0, 3)).toBe(allowed ? "235" : "535");
        expect(services.asked).toContain("trust_auth boss");
      });
    }
  });

  test("XOAUTH2 has no second name: another one than the token's is refused", async () => {
    await withServer({ authenticator, options: CLEAR, clock: instant() }, async ({ introduced, services }) => {
      const client = await introduced();
      await client.ask(`AUTH XOAUTH2 ${b64("user=boss\x01auth=Bearer t\x01\x01")}`);
      expect(await client.ask("")).toBe(FAILED);
      expect(services.asked).not.toContain("trust_auth boss");
    });
  });
});
