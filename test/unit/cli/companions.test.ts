/** The programs beside sendmail answer as the genuine ones do (test/golden/companions), but for what each row says. */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { SendmailArguments } from "../../../src/cli/arguments.ts";
import { readArguments } from "../../../src/cli/arguments.ts";
import { runEditmap } from "../../../src/cli/editmap.ts";
import { speakLmtp } from "../../../src/cli/mail-local/lmtp.ts";
import type { Mailboxes } from "../../../src/cli/mail-local/mailboxes.ts";
import { runMailstats } from "../../../src/cli/mailstats.ts";
import { runMakemap } from "../../../src/cli/makemap.ts";
import { runPraliases } from "../../../src/cli/praliases.ts";
import { runRmail } from "../../../src/cli/rmail.ts";
import { restrict } from "../../../src/cli/smrsh.ts";
import type { Caller } from "../../../src/cli/submit.ts";
import { runVacation } from "../../../src/cli/vacation/command.ts";
import type { CommandStreams } from "../../../src/cli/command-streams.ts";
import { systemClock } from "../../../src/sys/clock.ts";
import type { User } from "../../../src/sys/users.ts";
import { cases, type Companion, type CompanionAnswer, programs } from "../../golden/companions/cases.ts";
import { runCommand } from "../../support/command.ts";

const golden = join(import.meta.dirname, "../../golden/companions/recorded.jsonl");
const recorded = readFileSync(golden, "utf8")
  .trimEnd()
  .split("\n")
  .map((line) => JSON.parse(line) as CompanionAnswer);

let folder: string;
beforeAll(() => {
  // Not below a folder that others may write: tables there would not be trusted.
  folder = realpathSync(mkdtempSync(join(homedir(), ".rulemail-companions-")));
  for (const [name, text] of Object.entries(programs)) {
    const path = join(folder, "smrsh", name);
    mkdirSync(join(folder, "smrsh"), { recursive: true });
    if (name.endsWith("/")) mkdirSync(path);
    else if (text.startsWith("-> ")) symlinkSync(text.slice(3), path);
    else {
      writeFileSync(path, text);
      chmodSync(path, text.startsWith("#!") ? 0o755 : 0o644);
    }
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A user of this process's own ids: nothing is given up for him. */
const joe = (): User => ({
  name: "joe",
  uid: process.getuid?.() ?? 0,
  gid: process.getgid?.() ?? 0,
  gecos: "Joe",
  home: join(folder, "vacation"),
  shell: "/bin/sh",
});

interface Said {
  readonly status: number;
  readonly output: string;
  readonly errors: string;
  submitted?: { readonly args: SendmailArguments; readonly message: string };
}

const log = (): void => undefined;

type Run = (words: readonly string[], input: string) => Promise<Said>;

/** A program that sends mail: what it would have sent is taken down. */
async function sending(
  run: (send: (args: SendmailArguments, by?: Caller) => Promise<number>) => Promise<Said>,
): Promise<Said> {
  let submitted: Said["submitted"];
  const said = await run(async (args, by) => {
    let message = "";
    for await (const chunk of by!.input) message += chunk.toString("latin1");
    submitted = { args, message };
    return 0;
  });
  return submitted === undefined ? said : { ...said, submitted };
}

const RUN: Readonly<Record<Companion, Run>> = {
  smrsh: async (words) => {
    const said = restrict(words, join(folder, "smrsh"));
    if ("problem" in said) return { status: said.status, output: "", errors: `${said.problem}\n` };
    const { status, stdout, stderr } = spawnSync("/bin/sh", ["-c", said.command], {
      encoding: "latin1",
      cwd: folder,
      env: { PATH: "/usr/bin:/bin" },
    });
    return { status: status ?? -1, output: stdout, errors: stderr };
  },
  rmail: (words, input) =>
    sending((send) => runCommand((given, streams) => runRmail(given, streams, send), words, input)),
  vacation: (words, input) => {
    const users = { find: (name: string) => (name === "joe" ? joe() : undefined), findById: () => undefined };
    return sending((send) =>
      runCommand((given, streams) => runVacation(given, streams, { send, users, log }), words, input),
    );
  },
  makemap: (words, input) => runCommand(runMakemap, words, input),
  editmap: (words, input) => runCommand(runEditmap, words, input),
  praliases: (words, input) => runCommand(runPraliases, words, input),
  mailstats: (words, input) => runCommand(runMailstats, words, input),
  "mail.local -l": (words, input) => runCommand(lmtp, words, input),
};

/** With mailboxes that take everything. */
async function lmtp(_words: readonly string[], streams: CommandStreams): Promise<number> {
  const mailboxes = {
    find: (name: string) => Promise.resolve(name === "joe" ? joe() : undefined),
    deliver: () => Promise.resolve({ kind: "done", status: "2.0.0", text: "" }),
  } as unknown as Mailboxes;
  await speakLmtp(streams, mailboxes, { host: "mail.example.test", eightBit: true, wholeAddress: false }, systemClock);
  streams.output.flush();
  return 0;
}

/** Tables have an order of their own. */
const sorted = (text: string): string => text.split("\n").toSorted().join("\n");

test.each(
  cases.map(
    (each, number) => [`${number}: ${each.program} ${each.words.join(" ").slice(0, 60)}`, each, number] as const,
  ),
)("%s", async (_name, { program, words, input, files = {}, ours }, number) => {
  const here = join(folder, program === "vacation" ? "vacation" : "maps");
  mkdirSync(here, { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    if (text === null) rmSync(join(here, name));
    else writeFileSync(join(here, name), text.replaceAll("FOLDER", here));
  }
  const said = await RUN[program](
    words.map((word) => word.replaceAll("FOLDER", here)),
    input,
  );
  const plain = (text: string): string =>
    text
      .replaceAll(here, "FOLDER")
      .replaceAll(/uid \d+:/g, "uid UID:")
      .replaceAll(/[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d [\d:]{8} \d{4}$/gm, "DATE");
  const { submitted, ...wanted } = { ...recorded[number], ...ours };
  expect({ status: said.status, output: sorted(plain(said.output)), errors: plain(said.errors) }).toEqual({
    status: wanted.status,
    output: sorted(wanted.output),
    errors: wanted.errors,
  });
  expect(said.submitted).toEqual(
    submitted && { args: readArguments("sendmail", submitted.words), message: submitted.message },
  );
});

test.each(["note \\&& note", "note \\|| note", "note a\\&&note"])(
  "smrsh does not run %s: the rest would be in the background",
  (command) => {
    expect(restrict(["-c", command], join(folder, "smrsh"))).toEqual({
      problem: `smrsh: cannot use ${command.includes("&") ? "&" : "|"} in command`,
      status: 69,
    });
  },
);
