/** Mail filters and a running server: mail of this machine goes through them as that of clients does. */
import { afterEach, expect, test } from "@jest/globals";
import type { Scenario, ScriptedFilter } from "../support/scripted-filter.ts";
import { scriptedFilter } from "../support/scripted-filter.ts";
import { MailServer } from "../support/mail-server.ts";
import { until } from "../support/smtp-dialogue.ts";

const running: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const each of running.splice(0).toReversed()) await each.close();
});

async function serverWith(scenario: Scenario): Promise<{ server: MailServer; filter: ScriptedFilter }> {
  const filter = await scriptedFilter(scenario);
  running.push(filter);
  const { address } = filter.settings;
  const socket = address.kind === "unix" ? `unix:${address.path}` : "";
  const server = await MailServer.start({ mc: `INPUT_MAIL_FILTER(\`scripted', \`S=${socket}, F=T')dnl` });
  running.push({ close: () => server.remove() });
  return { server, filter };
}

test("sendmail -t: the filter hears of localhost, signs, and refuses one recipient", async () => {
  const reply = { kind: "reply", code: 550, enhanced: "5.7.1", lines: ["no"] } as const;
  const { server, filter } = await serverWith({
    on: {
      rcpt: [{ kind: "continue" }, reply],
      end: [[{ kind: "add-header", name: "X-Signed", value: "yes" }, { kind: "continue" }]],
    },
  });
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
