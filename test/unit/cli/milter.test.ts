/** `rulemail milter test` and `list`, with filters that say what a script tells them. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { runMilterCommand } from "../../../src/cli/milter/command.ts";
import { packet } from "../../../src/milter/packets.ts";
import { runCommand } from "../../support/command.ts";
import { heard } from "../../support/filter-dialogue.ts";
import { type Scenario, scriptedFilter, type ScriptedFilter } from "../../support/scripted-filter.ts";

const MESSAGE = `From: Joe <joe@x.example>
To: ann@y.example,
\tBob <bob@y.example>
Subject: hello
Message-Id: <1@x.example>

line one
line two
`;

let folder: string;
const filters: ScriptedFilter[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "milter-"));
  writeFileSync(join(folder, "message"), MESSAGE);
});
afterEach(async () => {
  for (const filter of filters.splice(0)) await filter.close();
  rmSync(folder, { recursive: true, force: true });
});

async function filterThat(scenario: Scenario): Promise<{ filter: ScriptedFilter; socket: string }> {
  const filter = await scriptedFilter(scenario);
  filters.push(filter);
  const { address } = filter.settings;
  return { filter, socket: address.kind === "unix" ? `unix:${address.path}` : "" };
}

/** Runs `rulemail milter test` about the message; `SOCKET` stands for the socket in what it says. */
async function tried(
  scenario: Scenario,
  ...words: string[]
): Promise<{ status: number; output: string; errors: string; heard: readonly string[] }> {
  const { filter, socket } = await filterThat(scenario);
  const answer = await runCommand(runMilterCommand, ["test", ...words, socket, join(folder, "message")]);
  const shown = (text: string): string => text.replaceAll(socket, "SOCKET");
  return { ...answer, output: shown(answer.output), errors: shown(answer.errors), heard: filter.transcript };
}

const EDITS: Scenario = {
  negotiates: { actions: 0x7f, protocol: 0x102 },
  lists: new Map([["eom", ["i"]]]),
  on: {
    rcpt: [{ kind: "continue" }, { kind: "reply", code: 550, enhanced: "5.7.1", lines: ["no", "Bob"] }],
    end: [
      [
        { kind: "insert-header", index: 0, name: "X-Seen", value: "yes,\n\tit was" },
        { kind: "change-header", index: 1, name: "Subject", value: undefined },
        { kind: "add-recipient", path: "<new@z.example>", parameters: [] },
        { kind: "change-sender", path: "<>", parameters: [] },
        { kind: "replace-body", chunk: Buffer.from("line one\r\nand more\r\n") },
        { kind: "accept" },
      ],
    ],
  },
};

describe("rulemail milter test", () => {
  test("tells what the filter does, step by step", async () => {
    const { status, output, errors, heard: told } = await tried(EDITS, "--client", "mx.example [192.0.2.1]");
    expect({ status, errors }).toEqual({ status: 0, errors: "" });
    expect(output).toBe(`filter     SOCKET
           version 6; may ask for: add-header, insert-header, replace-body, add-recipient, delete-recipient, change-header, quarantine, change-sender
           is not told of: helo, unknown
           wants these macros at eom: i
connect    mx.example                                   continue
helo       mx.example                                   (is not told)
mail       <joe@x.example>                              continue
rcpt       <ann@y.example>                              continue
rcpt       <bob@y.example>                              reply 550 5.7.1 no / Bob
data                                                    continue
header     From ... Message-Id (4 fields)               continue
eoh                                                     continue
body       20 octets                                    continue
end                                                     accept
edits      insert-header 0 X-Seen: yes, it was
           change-header 1 Subject goes
           add-recipient <new@z.example>
           change-sender <>
           replace-body 20 octets
result     accepted, with 5 edits
`);
    expect(told).toContain("connect mx.example inet 192.0.2.1 port 25");
    expect(told).toContain("macros rcpt {rcpt_mailer}=esmtp {rcpt_host}=y.example {rcpt_addr}=bob@y.example");
    expect(told).toContain("macros end i=milter-test");
  });

  test("--diff shows what it changes", async () => {
    expect(await tried(EDITS, "--diff")).toMatchObject({
      status: 0,
      output: `-MAIL FROM:<joe@x.example>
+MAIL FROM:<>
-RCPT TO:<bob@y.example>
+RCPT TO:<new@z.example>
+X-Seen: yes,
+	it was
-Subject: hello
-line two
+and more
`,
    });
  });

  test("--json tells programs", async () => {
    const { status, output } = await tried(EDITS, "--json", "--from", "<f@x>", "--to", "t@y");
    expect(status).toBe(0);
    expect(JSON.parse(output)).toMatchObject({
      filter: "SOCKET",
      negotiated: { version: 6, unwanted: ["helo", "unknown"], unanswered: [], chunk: 65535 },
      fate: "accepted",
      notes: [],
      message: { sender: { path: "<>" }, recipients: [{ path: "<t@y>" }, { path: "<new@z.example>" }] },
    });
    const { steps, edits, message } = JSON.parse(output) as {
      steps: { step: string; subject: string; answer: unknown }[];
      edits: unknown[];
      message: { fields: { name: string }[]; body: string };
    };
    expect(steps.map(({ step }) => step)).toEqual([
      "connect",
      "helo",
      "mail",
      "rcpt",
      "data",
      "header",
      "header",
      "header",
      "header",
      "eoh",
      "body",
      "end",
    ]);
    expect(steps[2]).toEqual({ step: "mail", subject: "<f@x>", answer: { kind: "continue" } });
    expect(edits.at(-1)).toEqual({ kind: "replace-body", text: "line one\r\nand more\r\n" });
    expect(message.fields.map(({ name }) => name)).toEqual(["X-Seen", "From", "To", "Message-Id"]);
    expect(message.body).toBe("line one\r\nand more\r\n");
  });

  test.each([
    ["accepted, as it is", 0, { on: { mail: [{ kind: "accept" }] } }],
    ["discarded: it goes nowhere, and the client is told that all is well", 0, { on: { eoh: [{ kind: "discard" }] } }],
    [
      "kept back (quarantine): odd",
      0,
      { on: { end: [[{ kind: "quarantine", reason: "odd" }, { kind: "continue" }]] } },
    ],
    ["refused at connect: reject", 69, { on: { connect: [{ kind: "reject" }] } }],
    ["refused at rcpt: reject", 69, { on: { rcpt: [{ kind: "reject" }, { kind: "reject" }] } }],
    ["deferred at body: tempfail", 75, { on: { body: [{ kind: "tempfail" }] } }],
    ["deferred at end: reply 451 later", 75, { on: { end: [{ kind: "reply", code: 451, lines: ["later"] }] } }],
    ["failed (closed): it closed the connection", 76, { on: { data: [{ kind: "hang-up" }] } }],
    [
      "failed (protocol): it answered 'z', which means nothing to HELO",
      76,
      { on: { helo: [{ kind: "octets", octets: packet("z") }] } },
    ],
  ] satisfies [string, number, Scenario][])("%s", async (words, expected, scenario) => {
    const { status, output } = await tried(scenario);
    expect(output.trimEnd().split("\n").at(-1)).toBe(`result     ${words}`);
    expect(status).toBe(expected);
  });

  test("a message whose recipients are all refused is given up", async () => {
    const { filter, socket } = await filterThat({ on: { rcpt: [{ kind: "reject" }, { kind: "reject" }] } });
    await runCommand(runMilterCommand, ["test", socket, join(folder, "message")]);
    await heard(filter, "quit");
    expect(filter.transcript.slice(-4)).toEqual([
      expect.stringMatching(/^macros rcpt/),
      "rcpt <bob@y.example>",
      "abort",
      "quit",
    ]);
  });

  test("what is odd is told", async () => {
    const { output } = await tried({ on: { mail: [{ kind: "octets", octets: packet("y", "250 ok\0") }] } });
    expect(output).toContain(
      `odd        MAIL: reply "250 ok" is no 4xx or 5xx reply with each % doubled; taken as a refusal\n`,
    );
  });

  test("macros can be given, and clients of any kind", async () => {
    const { heard: told } = await tried(
      {},
      "--macro",
      "auth_type=PLAIN",
      "--macro",
      "j=me",
      "--client",
      "[2001:db8::1]",
      "--helo",
      "w",
      "--helo",
      "x",
    );
    expect(told).toContain("connect [2001:db8::1] inet6 IPv6:2001:db8::1 port 25");
    expect(told).toContain("helo x");
    expect(told.join("\n")).toContain("macros connect j=me _=[2001:db8::1] [2001:db8::1] {daemon_name}=MTA");
    expect(told.join("\n")).toContain("macros mail i=milter-test {auth_type}=PLAIN {mail_mailer}=esmtp");
  });

  test("a message comes from standard input, too", async () => {
    const { filter, socket } = await filterThat({});
    const { status } = await runCommand(runMilterCommand, ["test", socket, "-"], "Subject: x\n\nbody\n");
    expect(status).toBe(0);
    expect(filter.transcript).toEqual(
      expect.arrayContaining(["mail <>", "rcpt <postmaster>", "header Subject:x", "body 6"]),
    );
  });

  test.each([
    [["test"], 64, "name a socket and a file"],
    [["test", "inet:1@localhost"], 64, "name a socket and a file"],
    [["test", "--nonsense", "a", "b"], 64, "nonsense"],
    [["test", "foo:1", "MESSAGE"], 64, "unknown socket type foo"],
    [["test", "--client", "a b c", "unix:/x", "MESSAGE"], 64, `--client is NAME [ADDRESS], not "a b c"`],
    [["test", "--macro", "j", "unix:/x", "MESSAGE"], 64, `--macro is NAME=VALUE, not "j"`],
    [["test", "unix:/x", "/nonexistent"], 66, "/nonexistent: No such file or directory"],
    [["test", "-C", "CF", "nobody", "MESSAGE"], 64, "has no filter nobody (it has: one, two)"],
    [["frob"], 64, `no command named "frob"`],
    [["list", "x"], 64, "no words are wanted: x"],
  ])("%j: %i", async (words, expected, text) => {
    const cf = join(folder, "test.cf");
    writeFileSync(cf, "V10\nXone, S=local:/x\nXtwo, S=local:/y\n");
    const given = words.map((word) => word.replace("MESSAGE", join(folder, "message")).replace(/^CF$/, cf));
    const { status, errors } = await runCommand(runMilterCommand, given);
    expect(errors).toContain(text);
    expect(status).toBe(expected);
  });
});

/** A configuration with a filter that is there, one that is not, and one that nobody asks. */
async function configuration(more = ""): Promise<string> {
  const { socket } = await filterThat({ negotiates: { actions: 1, protocol: 0x80 } });
  const cf = join(folder, "test.cf");
  writeFileSync(
    cf,
    `V10
Xthere, S=${socket}, F=T, T=R:5s
Xaway, S=local:${folder}/none, F=R
Xspare, S=local:${folder}/none, F=4
O InputMailFilters=there,away
O DaemonPortOptions=Name=MTA, Port=2525
O DaemonPortOptions=Name=MSA, Port=2587, I=${more === "" ? "there" : more}
O Milter.macros.connect=j, {daemon_name}
`,
  );
  return cf;
}

describe("rulemail milter list", () => {
  test("tells who is there, who asks, and what each wants", async () => {
    const cf = await configuration();
    const { status, output, errors } = await runCommand(runMilterCommand, ["list", "-C", cf]);
    expect({ status, errors }).toEqual({ status: 69, errors: "" });
    expect(output.replaceAll(/unix:\S*\/(?=socket)/g, "unix:").replaceAll(folder, "FOLDER")).toBe(
      `there  unix:socket  there
  asked by: MTA (port 2525) as number 1, MSA (port 2587) as number 1; without it mail is deferred (F=T)
  version 6; may ask for: add-header, insert-header
  gives no answer to: header
away  unix:FOLDER/none  away
  asked by: MTA (port 2525) as number 2; without it mail is refused (F=R)
  cannot connect to unix:FOLDER/none: connect ENOENT FOLDER/none
spare  unix:FOLDER/none  away
  asked by: nobody (InputMailFilters, I= of a port); without it sessions end with 421 (F=4)
  cannot connect to unix:FOLDER/none: connect ENOENT FOLDER/none
`,
    );
  });

  test("--json, --no-ask, and names that no X line defines", async () => {
    const cf = await configuration("there;gone");
    const { status, output } = await runCommand(runMilterCommand, ["list", "--json", "--no-ask", "-C", cf]);
    expect(status).toBe(69);
    expect(JSON.parse(output)).toMatchObject({
      missing: ["gone"],
      filters: [
        { name: "there", state: "not asked", onFailure: "tempfail" },
        { name: "away", askedBy: [{ name: "MTA", port: 2525, position: 2 }] },
        { name: "spare", askedBy: [] },
      ],
    });
  });

  test("a configuration without filters, and none at all", async () => {
    const cf = join(folder, "test.cf");
    writeFileSync(cf, "V10\n");
    expect(await runCommand(runMilterCommand, ["list", "-C", cf])).toMatchObject({
      status: 0,
      output: `${cf} has no mail filters\n`,
    });
    expect(await runCommand(runMilterCommand, ["list", "-C", join(folder, "none.cf")])).toMatchObject({ status: 78 });
  });
});
