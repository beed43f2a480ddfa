/** Mail filters and a running server: mail of this machine goes through them as that of clients does. */
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Scenario, ScriptedFilter } from "../support/scripted-filter.ts";
import { scriptedFilter } from "../support/scripted-filter.ts";
import { MailServer } from "../support/mail-server.ts";
import { until } from "../support/smtp-dialogue.ts";

const LATER = { kind: "tempfail" } as const;
const YES = { kind: "continue" } as const;
const REJECT = { kind: "reject" } as const;
const NO = { kind: "reply", code: 550, enhanced: "5.7.1", lines: ["no"] } as const;
const SIGN = { kind: "add-header", name: "X-Signed", value: "yes" } as const;

/** What the filter says in one session after the other; at last everything is welcome. */
const SESSIONS: readonly NonNullable<Scenario["on"]>[] = [
  { rcpt: [YES, NO], end: [[SIGN, YES]] },
  { mail: [LATER] },
  { rcpt: [YES, LATER] },
  { end: [LATER] },
  { rcpt: [LATER] },
  { end: [REJECT] },
];

let filter: ScriptedFilter;
let server: MailServer;
beforeAll(async () => {
  filter = await scriptedFilter({ inSession: (session) => SESSIONS[session] ?? {} });
  const { address } = filter.settings;
  const socket = address.kind === "unix" ? `unix:${address.path}` : "";
  server = await MailServer.start({ mc: `INPUT_MAIL_FILTER(\`scripted', \`S=${socket}, F=T')dnl` });
});
afterAll(async () => {
  await server.remove();
  await filter.close();
});

test("sendmail -t: the filter hears of localhost, signs, and refuses one recipient", async () => {
  const text = "To: alice, bob\nSubject: hello\n\ntext\n";
  const { code, err } = await server.run("sendmail", ["-t"], text);
  expect([code, err]).toEqual([69, expect.stringMatching(/bob\.\.\. no/)]);
  await until(() => server.mailbox("alice").length === 1);
  expect(server.mailbox("alice")[0]).toMatch(/^X-Signed: yes$/m);
  expect(server.mailbox("bob")).toEqual([]);
  expect(filter.transcript).toEqual(
    expect.arrayContaining([
      "connect localhost inet 127.0.0.1 port 0",
      "helo mail.example.test",
      "rcpt <alice>",
      "header Subject:hello",
      "body 6",
      "end",
      "quit",
    ]),
  );
});

const large = "a line of text\n".repeat(100_000);

test("sendmail -t, -bs: what a filter defers waits in the client queue, for those whom that concerns", async () => {
  const send = (subject: string, to: string, body = "text\n"): ReturnType<MailServer["run"]> =>
    server.run("sendmail", ["-t"], `To: ${to}\nSubject: ${subject}\n\n${body}`);
  expect(await send("one", "alice, bob")).toMatchObject({ code: 0, out: "", err: "" });
  expect(await send("two", "alice, bob")).toMatchObject({ code: 0, out: "", err: "" });
  expect(await send("three", "Bob <bob>", large)).toMatchObject({ code: 0, out: "", err: "" });
  const lines = ["MAIL FROM:<alice>", "RCPT TO:<alice>", "RCPT TO:<bob>", "DATA", "Subject: four", "", ".", "QUIT"];
  const spoken = await server.run("sendmail", ["-bs"], lines.map((line) => `${line}\r\n`).join(""));
  expect(spoken.out).toMatch(/^250 2\.0\.0 .*accepted/m);
  const no = await send("five", "alice");
  expect(no).toMatchObject({ code: 69, err: expect.stringContaining("Command rejected") });
  const waiting = (await server.run("mailq", ["-Ac"], "")).out;
  expect(waiting.match(/\(Deferred: 451 4\.3\.2 Please try again later\)/g)).toHaveLength(4);
  const subjects = (user: string): string[] =>
    server
      .mailbox(user)
      .map((text) => /^Subject: (.*)$/m.exec(text)?.[1] ?? "")
      .toSorted();
  await until(() => subjects("bob").includes("four"));
  await until(() => subjects("alice").includes("two"));
  expect([subjects("alice"), subjects("bob")]).toEqual([["hello", "two"], ["four"]]);
  await server.run("sendmail", ["-q"], "");
  await until(() => subjects("bob").length === 4 && subjects("alice").length === 4);
  expect([subjects("alice"), subjects("bob")]).toEqual([
    ["four", "hello", "one", "two"],
    ["four", "one", "three", "two"],
  ]);
  expect(server.mailbox("bob").find((text) => text.includes("Subject: three"))).toContain(large);
  expect(filter.connections()).toBe(10);
});
