/**
 * Mail filters and the SMTP port: what each answer of a filter at each stage makes of the session, and what filters hear.
 * Replies and log lines are those of a genuine sendmail 8.17 with a filter that says the same.
 */
import { describe, expect, test } from "@jest/globals";
import type { Command } from "../../src/milter/commands.ts";
import type { FilterReply } from "../../src/milter/filter.ts";
import { refusal } from "../support/fake-smtp-services.ts";
import { dataOf, ENVELOPE, type FilterUnderTest, say, withFilters } from "../support/filtered-server.ts";
import { LEADING_SPACE, REJECTED_RECIPIENTS } from "../../src/milter/bits.ts";
import type { Verdict } from "../../src/routing/verdict.ts";
import type { Saying } from "../support/scripted-filter.ts";
import { until } from "../support/smtp-dialogue.ts";

const MESSAGE = dataOf("Subject: s", "", "body");
/** A session with one message, and the beginning of another. */
const SESSION = [...ENVELOPE, "DATA", MESSAGE, "MAIL FROM:<b@c.example>"];

/** A refused client goes on all the same: of DATA that was refused no octets follow. */
async function session(
  filters: readonly FilterUnderTest[],
): Promise<{ greeting: string; replies: string[]; log: string[] }> {
  let told = { greeting: "", replies: [] as string[], log: [] as string[] };
  await withFilters(
    filters,
    async (server) => {
      const opened = await server.client();
      const replies: string[] = [];
      for (const line of SESSION) {
        if (line === MESSAGE && !replies.at(-1)?.startsWith("354")) continue;
        const reply = (await say(opened, line))[0].replaceAll(/\b[0-9A-Za-z]{14} Message/g, "ID Message");
        replies.push(line.startsWith("EHLO") && reply.startsWith("250") ? "250" : reply);
        if (reply === "" || reply.startsWith("421")) break;
      }
      told = { greeting: "", replies, log: [...server.log] };
    },
    { logLevel: 9 },
  );
  return told;
}

const reply = (code: number, enhanced: string | undefined, ...lines: string[]): FilterReply => ({
  kind: "reply",
  code,
  ...(enhanced === undefined ? {} : { enhanced }),
  lines,
});
const OK = ["250", "250 2.1.0 <a@c.example>... Sender ok", "250 2.1.5 <x@y.example>... Recipient ok"];
const GO = "354 End data with <CR><LF>.<CR><LF>";
const TAKEN = "250 2.0.0 ID Message accepted for delivery";
const NEXT = "250 2.1.0 <b@c.example>... Sender ok";
const ALL = [...OK, GO, TAKEN, NEXT];
const REJECTED = "550 5.0.0 Command rejected";
const LATER = "451 4.3.2 Please try again later";

/** What is said at one stage, then what the client is told, and what the log says. */
const table: readonly (readonly [kind: Command["kind"], saying: Saying, replies: readonly string[], log?: string])[] = [
  [
    "connect",
    { kind: "reject" },
    ["250", REJECTED, REJECTED, REJECTED, REJECTED],
    "Milter: connect: host=localhost, addr=127.0.0.1, rejecting commands",
  ],
  [
    "connect",
    { kind: "tempfail" },
    ["250", LATER, LATER, LATER, LATER],
    "Milter: connect: host=localhost, addr=127.0.0.1, temp failing commands",
  ],
  ["connect", reply(554, "5.7.9", "we say nothing of it"), ["250", REJECTED, REJECTED, REJECTED, REJECTED]],
  ["connect", reply(451, "4.7.9", "nor of it"), ["250", LATER, LATER, LATER, LATER]],
  ["connect", { kind: "accept" }, ALL],
  [
    "helo",
    { kind: "reject" },
    ["250", REJECTED, REJECTED, REJECTED, REJECTED],
    "Milter: helo=c.example, reject=550 5.0.0 Command rejected",
  ],
  ["helo", reply(451, "4.2.0", "come later"), ["250", ...Array.from({ length: 4 }, () => "451 4.2.0 come later")]],
  ["helo", reply(421, "4.7.9", "bye"), ["421 4.7.9 bye"]],
  [
    "mail",
    { kind: "reject" },
    [
      "250",
      "550 5.7.1 <a@c.example>... Command rejected",
      "503 5.0.0 Need MAIL before RCPT",
      "503 5.0.0 Need MAIL command",
      NEXT,
    ],
    "Milter: from=<a@c.example>, reject=550 5.7.1 Command rejected",
  ],
  [
    "mail",
    { kind: "tempfail" },
    ["250", LATER, "503 5.0.0 Need MAIL before RCPT", "503 5.0.0 Need MAIL command", NEXT],
    "Milter: from=<a@c.example>, reject=451 4.3.2 Please try again later",
  ],
  ["mail", reply(421, "4.7.9", "bye"), ["250", "421 4.7.9 bye"], "Milter: from=<a@c.example>, reject=421 4.7.9 bye"],
  [
    "mail",
    reply(554, undefined, "no code"),
    ["250", "554 5.0.0 no code", "503 5.0.0 Need MAIL before RCPT", "503 5.0.0 Need MAIL command", NEXT],
  ],
  ["mail", { kind: "discard" }, ALL, "Milter: from=<a@c.example>, discard"],
  ["mail", { kind: "accept" }, ALL],
  [
    "rcpt",
    { kind: "reject" },
    [
      ...OK.slice(0, 2),
      "550 5.7.1 <x@y.example>... Command rejected",
      "503 5.0.0 Need RCPT (recipient)",
      "503 5.5.0 Sender already specified",
    ],
    "Milter: to=<x@y.example>, reject=550 5.7.1 Command rejected",
  ],
  [
    "rcpt",
    reply(550, "5.7.9", "one", "two"),
    [
      ...OK.slice(0, 2),
      "550-5.7.9 <x@y.example>... one\n550 5.7.9 two",
      "503 5.0.0 Need RCPT (recipient)",
      "503 5.5.0 Sender already specified",
    ],
    "Milter: to=<x@y.example>, reject=550 5.7.9 one two",
  ],
  ["rcpt", { kind: "discard" }, ALL, "Milter: to=<x@y.example>, discard"],
  ["rcpt", { kind: "accept" }, ALL],
  [
    "data",
    { kind: "reject" },
    [...OK, "550 5.7.1 Command rejected", "503 5.5.0 Sender already specified"],
    "Milter: cmd=data, reject=550 5.7.1 Command rejected",
  ],
  [
    "data",
    { kind: "tempfail" },
    [...OK, LATER, "503 5.5.0 Sender already specified"],
    "Milter: cmd=data, reject=451 4.3.2 Please try again later",
  ],
  ["data", { kind: "discard" }, ALL, "Milter: cmd=data, discard"],
  ...(["header", "eoh", "body", "end"] as const).flatMap((kind) => [
    [
      kind,
      { kind: "reject" },
      [...OK, GO, "554 5.7.1 Command rejected", NEXT],
      "Milter: data, reject=554 5.7.1 Command rejected",
    ] as const,
    [
      kind,
      { kind: "tempfail" },
      [...OK, GO, LATER, NEXT],
      "Milter: data, reject=451 4.3.2 Please try again later",
    ] as const,
    [kind, { kind: "discard" }, ALL, "Milter: data, discard"] as const,
    [kind, { kind: "accept" }, ALL] as const,
    [
      kind,
      reply(451, "4.2.0", "come later"),
      [...OK, GO, "451 4.2.0 come later", NEXT],
      "Milter: data, reject=451 4.2.0 come later",
    ] as const,
    [kind, reply(421, "4.7.9", "bye"), [...OK, GO, "421 4.7.9 bye"], "Milter: data, reject=421 4.7.9 bye"] as const,
  ]),
  ["body", { kind: "skip" }, ALL],
];

describe("what a filter answers", () => {
  test.each(table.map((row) => [...row, undefined] as const))("%s: %j", async (kind, saying, replies, line) => {
    const told = await session([{ on: { [kind]: [saying] } }]);
    expect(told.replies).toEqual(replies);
    if (line !== undefined) expect(told.log).toContain(line);
  });
});

/** check_mail asks everybody to come again. */
const deferAll = (ruleset: string): Verdict =>
  ruleset === "check_mail" ? refusal(450, "4.7.1", "not now") : { kind: "ok" };

/** check_rcpt refuses one recipient. */
const refuseOne = (ruleset: string, [path]: readonly string[]): Verdict =>
  ruleset === "check_rcpt" && path === "<no@y.example>" ? refusal(550, "5.7.1", "not him") : { kind: "ok" };

describe("what filters hear", () => {
  test("everything once, in the order of a session; the header as it was received, octet for octet", async () => {
    await withFilters([{ negotiates: { protocol: LEADING_SPACE } }, {}], async (server) => {
      const client = await server.client();
      const header = [
        "Received: from q by r",
        "Subject:  two",
        "X-Tab:\ttab",
        "X-None:none",
        "X-Fold: a\r\n\tb",
        "X-Empty:",
      ];
      await say(
        client,
        ...ENVELOPE,
        "RCPT TO:<u> NOTIFY=NEVER",
        "DATA",
        dataOf(...header, "", "body", "..dot"),
        "QUIT",
      );
      const { entry } = await server.message();
      await until(() => server.filters.every(({ transcript }) => transcript.at(-1) === "quit"));
      const heard = server.filters[0].transcript.map((line) => line.replace(entry.id, "ID"));
      expect(heard.slice(1)).toEqual([
        "macros connect j=mail.example.test _=localhost [127.0.0.1] {daemon_name}=MTA {client_ptr}=localhost",
        expect.stringMatching(/^connect localhost inet 127\.0\.0\.1 port [0-9]+$/),
        "macros helo",
        "helo c.example",
        "macros mail i=ID {mail_mailer}=relay {mail_addr}=a@c.example",
        "mail <a@c.example> SIZE=9",
        "macros rcpt {rcpt_mailer}=relay {rcpt_host}=y.example {rcpt_addr}=x@y.example {nrcpts}=1",
        "rcpt <x@y.example>",
        "macros rcpt {rcpt_mailer}=local {rcpt_host}= {rcpt_addr}=u {nrcpts}=2",
        "rcpt <u> NOTIFY=NEVER",
        "macros data {nrcpts}=2",
        "data",
        "header Received: from q by r",
        "header Subject:  two",
        "header X-Tab:\\ttab",
        "header X-None:none",
        "header X-Fold: a\\n\\tb",
        "header X-Empty:",
        "eoh",
        "body 12",
        expect.stringMatching(/^macros end \{msg_id\}=<[0-9]+\..*@mail\.example\.test>$/),
        "end",
        "quit",
      ]);
      expect(server.filters[0].octets().toString()).toBe("body\r\n.dot\r\n");
      expect(server.filters[1].transcript).toContain("header Subject: two");
      expect(server.filters[1].transcript).toContain("header X-Tab:\\ttab");
    });
  });

  test("BDAT as DATA; unknown commands; abort at RSET and at the next EHLO, and nothing of what is refused before", async () => {
    await withFilters(
      [{}],
      async (server) => {
        const client = await server.client();
        await say(client, "EHLO c.example", "XYZZY now", "MAIL FROM:<a@c.example>", "RCPT TO:<no@y.example>", "RSET");
        await say(
          client,
          "MAIL FROM:<b@c.example>",
          "RCPT TO:<x@y.example>",
          "EHLO again",
          "MAIL FROM:<c@c.example>",
          "RCPT TO:<x@y.example>",
        );
        await say(client, "BDAT 11 LAST\r\nA: b\r\n\r\nc", "QUIT");
        await until(() => server.filters[0].transcript.at(-1) === "quit");
        const heard = server.filters[0].transcript.filter((line) => !line.startsWith("macros")).slice(2);
        expect(heard).toEqual([
          "helo c.example",
          "unknown XYZZY now",
          "mail <a@c.example>",
          "abort",
          "mail <b@c.example>",
          "rcpt <x@y.example>",
          "abort",
          "helo again",
          "mail <c@c.example>",
          "rcpt <x@y.example>",
          "data",
          "header A:b",
          "eoh",
          "body 3",
          "end",
          "quit",
        ]);
      },
      { check: refuseOne },
    );
  });

  const told = {
    options: { ProxyHosts: "0.0.0.0/0", XclientHosts: "0.0.0.0/0" },
    identify: (address: string) => ({ name: `name-of-${address}`, ptr: "", resolve: "OK" as const }),
    ownName: (address: string) => `name of ${address}`,
  };
  const WHERE = ["{if_name}", "{if_addr}", "{if_family}", "{client_addr}", "_"];

  test("PROXY: the client that it names, and which of our addresses that one went to", async () => {
    await withFilters(
      [{ lists: new Map([["connect", WHERE]]) }],
      async (server) => {
        await (await server.client("PROXY TCP6 2001:db8::7 2001:db8::1 40000 25")).ask("EHLO c.example");
        expect(server.filters[0].transcript.slice(1, 3)).toEqual([
          "macros connect {if_name}=name of 2001:db8::1 {if_addr}=IPv6:2001:db8:0:0:0:0:0:1 {if_family}=10 " +
            "{client_addr}=IPv6:2001:db8:0:0:0:0:0:7 _=name-of-2001:db8::7 [IPv6:2001:db8:0:0:0:0:0:7]",
          "connect name-of-2001:db8::7 inet6 IPv6:2001:db8:0:0:0:0:0:7 port 40000",
        ]);
      },
      { ...told, port: { modifiers: new Set("P") } },
    );
  });

  test("XCLIENT: another session, of the client that it names; the one before is over", async () => {
    await withFilters(
      [{ lists: new Map([["connect", WHERE]]) }],
      async (server) => {
        const client = await server.client();
        await say(client, "EHLO proxy", "XCLIENT ADDR=192.0.2.7 PORT=40000 NAME=mx.example DESTADDR=198.51.100.1");
        await say(client, "EHLO mx.example", "MAIL FROM:<a@c.example>");
        await until(() => server.filters[0].transcript.includes("quit"));
        const { transcript } = server.filters[0];
        expect(server.filters[0].connections()).toBe(2);
        expect(transcript).toEqual(
          expect.arrayContaining([
            "connect name-of-127.0.0.1 inet 127.0.0.1 port " + /port (\d+)/.exec(transcript[2])?.[1],
            "macros connect {if_name}=name of 198.51.100.1 {if_addr}=198.51.100.1 {if_family}=2 " +
              "{client_addr}=192.0.2.7 _=mx.example [192.0.2.7]",
            "connect mx.example inet 192.0.2.7 port 40000",
          ]),
        );
        expect(transcript.filter((line) => line !== "quit").at(-1)).toBe("mail <a@c.example>");
      },
      told,
    );
  });

  test("nothing of what rulesets defer", async () => {
    await withFilters(
      [{}],
      async (server) => {
        const [, mail] = await say(await server.client(), ...ENVELOPE);
        expect(mail).toBe("450 4.7.1 <a@c.example>... not now");
        expect(server.filters[0].transcript.at(-1)).toBe("helo c.example");
      },
      { check: deferAll },
    );
  });

  test("SMFIP_RCPT_REJ: recipients that are refused, with why", async () => {
    await withFilters([{ negotiates: { protocol: REJECTED_RECIPIENTS } }, {}], async (server) => {
      const client = await server.client();
      expect((await say(client, ...ENVELOPE.slice(0, 2), "RCPT TO:<nobody>"))[2]).toBe(
        "550 5.1.1 <nobody>... User unknown",
      );
      const [first, second] = server.filters.map(({ transcript }) => transcript);
      expect(first.slice(-2)).toEqual([
        "macros rcpt {rcpt_mailer}=error {rcpt_host}=5.1.1 {rcpt_addr}=<nobody>... User unknown {nrcpts}=0",
        "rcpt <nobody>",
      ]);
      expect(second.at(-1)).toBe("mail <a@c.example> SIZE=9");
    });
  });

  test("a message that is thrown away: recipients that lead nowhere are refused all the same", async () => {
    await withFilters([{ on: { mail: [{ kind: "discard" }] } }], async (server) => {
      const replies = await say(await server.client(), ...ENVELOPE, "RCPT TO:<nobody>");
      expect(replies.slice(2)).toEqual([
        "250 2.1.5 <x@y.example>... Recipient ok",
        "550 5.1.1 <nobody>... User unknown",
      ]);
    });
  });

  test("who accepts hears no more of the message; the next filter hears all", async () => {
    await withFilters([{ on: { mail: [{ kind: "accept" }] } }, {}], async (server) => {
      await say(await server.client(), ...ENVELOPE, "DATA", MESSAGE);
      expect(server.filters[0].transcript.at(-1)).toBe("mail <a@c.example> SIZE=9");
      expect(server.filters[1].transcript.at(-1)).toBe("end");
    });
  });

  test("where one refuses or throws away, those behind it are not asked", async () => {
    await withFilters([{ on: { rcpt: [{ kind: "tempfail" }], end: [{ kind: "discard" }] } }, {}], async (server) => {
      const client = await server.client();
      await say(client, ...ENVELOPE);
      expect(server.filters[1].transcript.at(-1)).toBe("mail <a@c.example> SIZE=9");
      await say(client, "RCPT TO:<z@y.example>", "DATA", MESSAGE, "NOOP");
      expect(server.store.list()).toEqual([]);
      await until(() => server.filters[1].transcript.at(-1) === "abort");
      expect(server.filters[1].transcript).not.toContain("eoh");
    });
  });
});

/** What F= makes of a filter that is away or dies, at connect, MAIL and the end of the message. */
const failures: readonly (readonly [
  onFailure: "accept" | "reject" | "tempfail" | "shutdown",
  atConnect: readonly string[],
  atMail: readonly string[],
  atEnd: readonly string[],
])[] = [
  ["accept", ALL, ALL, ALL],
  [
    "reject",
    ["250", REJECTED, REJECTED, REJECTED, REJECTED],
    [
      "250",
      "550 5.7.1 <a@c.example>... Command rejected",
      "503 5.0.0 Need MAIL before RCPT",
      "503 5.0.0 Need MAIL command",
      "550 5.7.1 <b@c.example>... Command rejected",
    ],
    [...OK, GO, "554 5.7.1 Command rejected", "550 5.7.1 <b@c.example>... Command rejected"],
  ],
  [
    "tempfail",
    ["250", LATER, LATER, LATER, LATER],
    ["250", LATER, "503 5.0.0 Need MAIL before RCPT", "503 5.0.0 Need MAIL command", LATER],
    [...OK, GO, LATER, LATER],
  ],
  [
    "shutdown",
    [""],
    ["250", "421 4.3.0 closing connection"],
    [...OK, GO, "421 4.7.0 mail.example.test closing connection"],
  ],
];

describe("a filter that fails", () => {
  test.each(failures)("F= says %s", async (onFailure, atConnect, atMail, atEnd) => {
    const away = await session([{ onFailure, isAway: true }, {}]);
    expect(away.replies).toEqual(atConnect);
    expect(away.log[0]).toMatch(/^Milter \(f0\): error connecting to filter: /);
    expect(away.log[1]).toBe("Milter (f0): to error state");
    expect((await session([{ onFailure, on: { mail: [{ kind: "hang-up" }] } }])).replies).toEqual(atMail);
    const silent = await session([{ onFailure, on: { end: [{ kind: "silence" }] }, timeouts: { end: 20 } }]);
    expect(silent.replies).toEqual(atEnd);
    expect(silent.log).toContain("Milter (f0): to error state");
  });

  test("one that asks for more than any message can hold has failed", async () => {
    const add = { kind: "add-header", name: "X-Large", value: "x".repeat(1_000_000) } as const;
    const end = [...Array.from({ length: 34 }, () => add), { kind: "accept" }] as const;
    const told = await session([{ onFailure: "tempfail", on: { end: [end] } }]);
    expect(told.replies).toEqual([...OK, GO, LATER, LATER]);
    expect(told.log).toContain("Milter (f0): it asked for more than 32 MB of changes");
  });

  test("one that is silent holds nobody else", async () => {
    await withFilters([{ on: { mail: [{ kind: "silence" }] } }], async (server) => {
      const [held, other] = [await server.client(), await server.client()];
      await say(held, "EHLO c.example");
      await held.raw("MAIL FROM:<a@c.example>\r\n");
      await until(() => server.filters[0].transcript.includes("mail <a@c.example>"));
      expect(await other.ask("EHLO d.example")).toMatch(/^250/);
      // The client goes before there is an answer: its filter goes with it, and nothing has failed.
      held.destroy();
      expect(await other.ask("NOOP")).toBe("250 2.0.0 OK");
      await until(() => server.filters[0].connections() === 2);
      expect(server.log).toEqual([]);
    });
  });
});
