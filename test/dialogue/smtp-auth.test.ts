/** AUTH as a client sees it: when it is offered, how an exchange goes and ends, and what a login changes. */
import { describe, expect, test } from "@jest/globals";
import type { Passwords } from "../../src/auth/exchange.ts";
import { ScramClient, scramVerifier } from "../../src/auth/scram.ts";
import { LocalAuthenticator } from "../../src/logins/local-authenticator.ts";
import { MacroScope } from "../../src/rewriting/macro-scope.ts";
import { connectionFacts } from "../../src/smtpd/auth.ts";
import { AuthFailures } from "../../src/smtpd/auth-failures.ts";
import { refusal } from "../support/fake-smtp-services.ts";
import { instant } from "../support/instant-clock.ts";
import { type UnderTest, withServer } from "../support/smtp-server-under-test.ts";
import { until } from "../support/smtp-dialogue.ts";

const b64 = (text: string): string => Buffer.from(text, "utf8").toString("base64");
const PLAIN = `AUTH PLAIN ${b64("\0joe\0secret")}`;
const WRONG = `AUTH PLAIN ${b64("\0joe\0wrong")}`;

const users: Readonly<Record<string, string>> = { joe: "secret", "a<b>": "secret" };
const passwords: Passwords = {
  check: (user, password) => Promise.resolve({ kind: "known", value: users[user] === password }),
  scram: (user, digest) =>
    user in users ? { kind: "known", value: scramVerifier(digest, users[user]) } : { kind: "unknown" },
};
const authenticator = new LocalAuthenticator({ passwords });
const CLEAR = { AuthCleartext: true };

type Behaviour = Parameters<typeof withServer>[0];
const server = (behaviour: Behaviour, work: (subject: UnderTest) => Promise<void>) =>
  withServer({ authenticator, ...behaviour }, work);

/** trust_auth that lets somebody speak for one other. */
function trusting(other: string): Behaviour["check"] {
  return (ruleset, [who]) =>
    ruleset === "trust_auth" && who !== other ? refusal(550, "5.7.1", "not you") : { kind: "ok" };
}

function offerOf(ehlo: string): string | undefined {
  return /^250[- ]AUTH (.*)$/m.exec(ehlo)?.[1];
}

describe("what is offered", () => {
  const cases: readonly (readonly [string, Behaviour, string | undefined])[] = [
    ["no passwords", { authenticator: undefined, options: CLEAR }, undefined],
    ["outside of TLS", {}, "SCRAM-SHA-256 SCRAM-SHA-1"],
    ["AuthCleartext", { options: CLEAR }, "SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN"],
    ["srv_features C", { select: () => "C" }, "SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN"],
    ["srv_features c", { options: CLEAR, select: () => "c" }, "SCRAM-SHA-256 SCRAM-SHA-1"],
    ["srv_features A", { options: CLEAR, select: () => "A" }, undefined],
    ["M=A", { options: CLEAR, port: { modifiers: new Set("A") } }, undefined],
    ["AuthMechanisms", { options: { ...CLEAR, AuthMechanisms: "GSSAPI LOGIN plain" } }, "LOGIN PLAIN"],
    ["AuthOptions p", { options: { ...CLEAR, AuthOptions: "p" } }, "SCRAM-SHA-256 SCRAM-SHA-1"],
    ["AuthOptions m", { options: { ...CLEAR, AuthOptions: "m" } }, "SCRAM-SHA-256 SCRAM-SHA-1"],
    ["AuthOptions c", { options: { ...CLEAR, AuthOptions: "c" } }, "PLAIN LOGIN"],
    ["AuthOptions d", { options: { ...CLEAR, AuthOptions: "d" } }, undefined],
  ];
  test.each(cases)("%s", async (_name, behaviour, offer) => {
    await server(behaviour, async ({ greeted }) => {
      const client = await greeted();
      expect(offerOf(await client.ask("EHLO x"))).toBe(offer);
      if (offer === undefined) expect(await client.ask(PLAIN)).toBe("503 5.3.3 AUTH not available");
      else if (!offer.includes("PLAIN")) expect(await client.ask(PLAIN)).toMatch(/^504 5\.3\.3 AUTH mechanism PLAIN/);
    });
  });
});

test("PLAIN and LOGIN, with and without initial response", async () => {
  const ways = [
    [PLAIN, "235 2.0.0 OK Authenticated"],
    ["AUTH plain", "334", b64("joe\0joe\0secret"), "235 2.0.0 OK Authenticated"],
    ["AUTH LOGIN", "334 VXNlcm5hbWU6", b64("joe"), "334 UGFzc3dvcmQ6", b64("secret"), "235 2.0.0 OK Authenticated"],
    [`AUTH LOGIN ${b64("joe")}`, "334 UGFzc3dvcmQ6", b64("secret"), "235 2.0.0 OK Authenticated"],
  ];
  await server({ options: CLEAR }, async ({ introduced, services }) => {
    for (const way of ways) {
      const client = await introduced();
      const lines = way.filter((_, index) => index % 2 === 0);
      expect(await client.script(...lines)).toEqual(way.filter((_, index) => index % 2 === 1));
      expect(await client.ask(PLAIN)).toBe("503 5.5.0 Already Authenticated");
      client.destroy();
    }
    expect(services.lines.map(({ text }) => text)).toContain(
      "AUTH=server, relay=localhost [127.0.0.1], authid=joe, mech=LOGIN, bits=0",
    );
  });
});

test("a response of no octets is an empty line, or = as curl says it", async () => {
  const heard: string[] = [];
  const exchange = {
    begin: () => ({ kind: "challenge", octets: Buffer.alloc(0) }) as const,
    step: (response: Buffer) => {
      heard.push(response.toString("latin1"));
      return { kind: "accepted", identity: { user: "joe", actAs: "joe" } } as const;
    },
    cancel: () => undefined,
  };
  const certified = {
    mechanisms: () => ["EXTERNAL"],
    start: () => exchange,
    isStillGood: () => true,
    close: () => undefined,
  };
  await withServer({ authenticator: certified }, async ({ introduced }) => {
    for (const line of ["", "=", "am9l"]) {
      const client = await introduced();
      expect(await client.script("AUTH EXTERNAL", line)).toEqual(["334", "235 2.0.0 OK Authenticated"]);
    }
    expect(heard).toEqual(["", "", "joe"]);
  });
});

test("SCRAM: the server's last word goes as a challenge, whose answer is empty", async () => {
  await server({}, async ({ introduced }) => {
    const client = await introduced();
    const scram = new ScramClient("sha256", { user: "joe", password: "secret" });
    const respond = (reply: string): string => {
      const step = scram.step(Buffer.from(reply.slice(4), "base64"));
      if (step.kind === "failed") throw new Error(step.reason);
      return step.octets.toString("base64");
    };
    const first = await client.ask(`AUTH SCRAM-SHA-256 ${scram.initial.toString("base64")}`);
    const last = await client.ask(respond(first));
    expect(await client.ask(respond(last))).toBe("235 2.0.0 OK Authenticated");
    expect(scram.isSatisfied).toBe(true);
  });
});

test("lines that end an exchange without a login", async () => {
  await server({ options: CLEAR, clock: instant() }, async ({ introduced }) => {
    const client = await introduced();
    const said = await client.script(
      "AUTH",
      "AUTH NOSUCH",
      "AUTH PLAIN",
      "*",
      "AUTH PLAIN !!!!",
      "AUTH LOGIN",
      "!!!",
      "NOOP",
      "AUTH PLAIN =",
      "AUTH PLAIN",
      "",
      `${PLAIN} x`,
      "AUTH LOGIN",
      "a".repeat(12_300),
      "NOOP",
    );
    expect(said).toEqual([
      "501 5.5.2 AUTH mechanism must be specified",
      "504 5.3.3 AUTH mechanism NOSUCH not available",
      "334",
      "501 5.0.0 AUTH aborted",
      "501 5.5.4 cannot BASE64 decode the initial response",
      "334 VXNlcm5hbWU6",
      "501 5.5.4 cannot decode AUTH parameter",
      "250 2.0.0 OK",
      "535 5.7.0 authentication failed",
      "334",
      "535 5.7.0 authentication failed",
      "501 5.5.4 cannot BASE64 decode the initial response",
      "334 VXNlcm5hbWU6",
      "500 5.5.6 AUTH exchange line is too long",
      "250 2.0.0 OK",
    ]);
  });
});

test("long lines belong to AUTH alone", async () => {
  await server({ options: CLEAR, clock: instant() }, async ({ introduced }) => {
    const client = await introduced();
    const long = b64(`\0joe\0${"x".repeat(6000)}`);
    expect(await client.ask(`AUTH PLAIN ${long}`)).toBe("535 5.7.0 authentication failed");
    expect(await client.script("AUTH PLAIN", long)).toEqual(["334", "535 5.7.0 authentication failed"]);
    expect(await client.ask(`MAIL FROM:<${"x".repeat(3000)}@x>`)).toMatch(/^421 4\.7\.0 .* Command too long/);
  });
});

test("a login stands in macros, in $r and in front of what needs it", async () => {
  await server({ options: CLEAR, port: { modifiers: new Set("a") } }, async ({ introduced, services }) => {
    const client = await introduced();
    expect(await client.script("MAIL FROM:<a@b>", "VRFY joe")).toEqual([
      "530 5.7.0 Authentication required",
      expect.stringMatching(/^25/),
    ]);
    await client.ask(`AUTH PLAIN ${b64("\0a<b>\0secret")}`);
    await client.script("EHLO x", "MAIL FROM:<a@b>", "RCPT TO:<joe>", "DATA");
    await client.ask("hello\r\n.");
    const { scope } = services.messages[0].transaction;
    expect(["auth_type", "auth_authen", "auth_ssf", "r"].map((name) => scope.get(name))).toEqual([
      "PLAIN",
      "a+3Cb+3E",
      "0",
      "ESMTPA",
    ]);
  });
});

test("a login that is disabled ends with the next MAIL", async () => {
  let isGood = true;
  const disabling = new LocalAuthenticator({
    passwords: { ...passwords, standing: () => (isGood ? "good" : "disabled") },
  });
  const port = { modifiers: new Set("a") };
  await withServer({ authenticator: disabling, options: CLEAR, port }, async ({ introduced }) => {
    const client = await introduced();
    const said = await client.script(PLAIN, "MAIL FROM:<a@b>", "RSET");
    expect(said[1]).toMatch(/^250 /);
    isGood = false;
    expect(await client.script("MAIL FROM:<a@b>", "MAIL FROM:<a@b>")).toEqual(
      Array<string>(2).fill("530 5.7.0 Authentication required"),
    );
  });
});

test("VRFY and EXPN that PrivacyOptions refuses are logged as fail2ban looks for them", async () => {
  await server({ options: { PrivacyOptions: "novrfy,noexpn" } }, async ({ introduced, services }) => {
    await (await introduced()).script("VRFY joe", "EXPN list");
    expect(services.lines.map(({ text }) => text)).toEqual([
      "localhost [127.0.0.1]: VRFY joe [rejected]",
      "localhost [127.0.0.1]: EXPN list [rejected]",
    ]);
  });
});

test("no AUTH within a transaction", async () => {
  await server({ options: CLEAR }, async ({ introduced }) => {
    const client = await introduced();
    const said = await client.script("MAIL FROM:<a@b>", PLAIN, "RSET", PLAIN);
    expect(said.slice(1)).toEqual([
      "503 5.5.0 AUTH not permitted during a mail transaction",
      "250 2.0.0 Reset state",
      "235 2.0.0 OK Authenticated",
    ]);
  });
});

test("AUTH= of MAIL counts only from who may say so, and refuses nobody", async () => {
  const check = trusting("ann");
  const authorOf = async (login: boolean, said: string): Promise<string | undefined> => {
    let author: string | undefined;
    await server({ options: CLEAR, check }, async ({ introduced, services }) => {
      const client = await introduced();
      if (login) await client.ask(PLAIN);
      expect(await client.ask(`MAIL FROM:<a@b> AUTH=${said}`)).toMatch(/^250 /);
      await client.script("RCPT TO:<joe>", "DATA");
      await client.ask("x\r\n.");
      author = services.messages[0].transaction.announced.auth;
    });
    return author;
  };
  expect(await authorOf(true, "ann")).toBe("ann");
  expect(await authorOf(true, "bob")).toBe("<>");
  expect(await authorOf(true, "<>")).toBe("<>");
  expect(await authorOf(false, "ann")).toBe("<>");
});

test("another identity than one's own is for those whom trust_auth lets", async () => {
  const check = trusting("list");
  await server({ options: CLEAR, check, clock: instant() }, async ({ introduced }) => {
    const client = await introduced();
    expect(await client.ask(`AUTH PLAIN ${b64("boss\0joe\0secret")}`)).toBe("535 5.7.0 authentication failed");
    expect(await client.ask(`AUTH PLAIN ${b64("list\0joe\0secret")}`)).toBe("235 2.0.0 OK Authenticated");
  });
});

test("wrong passwords are logged without them, answered late, and end the session", async () => {
  const waits: number[] = [];
  await server({ options: CLEAR, clock: instant(waits), logLevel: 15 }, async ({ introduced, services }) => {
    const client = await introduced();
    const said: string[] = [];
    for (let i = 0; i < 6; i++) said.push(await client.ask(WRONG));
    expect(said.slice(0, 5)).toEqual(Array(5).fill("535 5.7.0 authentication failed"));
    expect(said[5]).toMatch(/^421 4\.7\.0 .* closing connection$/);
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 16000]);
    const text = services.lines.map((line) => line.text).join("\n");
    expect(text).toContain(
      "AUTH failure (PLAIN): authentication failure (-13) SASL(-13): authentication failure: wrong name or password, user=joe, relay=localhost [127.0.0.1]",
    );
    expect(text).toContain("localhost [127.0.0.1]: possible SMTP attack: command=AUTH, count=6");
    expect(text).toContain("<-- AUTH PLAIN *");
    expect(text).not.toContain(b64("\0joe\0wrong"));
  });
});

test("while nobody can be asked about passwords the answer is for now", async () => {
  const away = new LocalAuthenticator({ passwords: { check: () => ({ kind: "unavailable", reason: "no socket" }) } });
  await withServer({ authenticator: away, options: CLEAR }, async ({ introduced }) => {
    const client = await introduced();
    expect(await client.ask(PLAIN)).toBe("454 4.7.0 Temporary authentication failure");
  });
});

test("an exchange is cancelled when its client goes", async () => {
  let cancelled = 0;
  const waiting = {
    mechanisms: () => ["SCRAM-SHA-256"],
    start: () => ({
      begin: () => ({ kind: "challenge", octets: Buffer.from("x") }) as const,
      step: () => ({ kind: "refused" }) as const,
      cancel: () => void cancelled++,
    }),
    isStillGood: () => true,
    close: () => undefined,
  };
  await withServer({ authenticator: waiting }, async ({ introduced }) => {
    const client = await introduced();
    await client.ask("AUTH SCRAM-SHA-256");
    client.destroy();
    await until(() => cancelled === 1);
  });
});

const exporter = (length: number, label: string, context: Buffer) =>
  Buffer.from(`${length} ${label} ${context.length}`);

const facts = (protocol: string | undefined, macros: Readonly<Record<string, string>>) => {
  const tlsSocket =
    protocol === undefined ? undefined : { getProtocol: () => protocol, exportKeyingMaterial: exporter };
  const scope = new MacroScope(undefined, Object.entries(macros));
  return connectionFacts({ scope, secure: true, remoteAddress: "192.0.2.1", localAddress: "192.0.2.2", tlsSocket });
};

test("mechanisms are told what the connection and its certificate say", () => {
  const shown = { verify: "OK", cert_subject: "/CN=joe", cn_subject: "joe" };
  expect(facts("TLSv1.3", shown)).toEqual({
    secure: true,
    clientAddress: "192.0.2.1",
    serverAddress: "192.0.2.2",
    channelBinding: Buffer.from("32 EXPORTER-Channel-Binding 0"),
    certified: { subject: "/CN=joe", commonName: "joe" },
  });
  for (const protocol of ["TLSv1.2", undefined]) expect(facts(protocol, shown).channelBinding).toBeUndefined();
  for (const verify of ["NO", "FAIL", ""]) expect(facts("TLSv1.3", { ...shown, verify }).certified).toBeUndefined();
});

test("who has failed often begins one attempt a second, and is sent away when too many wait; five minutes make him one of the others", () => {
  const failures = new AuthFailures();
  const ahead = (count: number, now: number) => Array.from({ length: count }, () => failures.ahead("192.0.2.1", now));
  for (let i = 0; i < 4; i++) failures.note("192.0.2.1", 0);
  expect(ahead(3, 0)).toEqual([0, 0, 0]);
  failures.note("192.0.2.1", 0);
  expect(ahead(13, 0)).toEqual([...Array.from({ length: 11 }, (_, second) => second * 1000), undefined, undefined]);
  expect(ahead(2, 5000)).toEqual([6000, 7000]);
  expect(failures.ahead("192.0.2.2", 0)).toBe(0);
  for (let i = 0; i < 1000; i++) failures.note("192.0.2.1", 10_000);
  expect(failures.ahead("192.0.2.1", 20_000)).toBe(0);
  expect(failures.ahead("192.0.2.1", 20_000)).toBe(1000);
  expect(ahead(3, 10_000 + 8 * 60_000)).toEqual([0, 0, 0]);
});

test("failures are counted by client, forgiven with time, and not remembered for ever", () => {
  const failures = new AuthFailures();
  expect([1, 2, 3].map(() => failures.note("192.0.2.1", 0))).toEqual([500, 1000, 2000]);
  expect(failures.note("192.0.2.2", 0)).toBe(500);
  expect(failures.note("192.0.2.1", 120_000)).toBe(1000);
  for (let i = 0; i < 30; i++) failures.note("192.0.2.3", 0);
  expect(failures.note("192.0.2.3", 0)).toBe(32_000);
  for (let i = 0; i < 25_000; i++) failures.note(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, 0);
  expect(failures.size).toBeLessThanOrEqual(10_000);
});
