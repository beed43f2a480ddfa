/** Where messages point: the caret stands under what is wrong, whatever the line looks like. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { loadConfig } from "../../../src/config/load.ts";
import type { Diagnostic } from "../../../src/source/diagnostic.ts";
import { report } from "../../../src/source/report.ts";
import { configEnvironment } from "../../support/config-environment.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "rulemail-columns-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const HEAD = "V10\nMlocal, P=/bin/true, A=true\n";

async function diagnosticsOf(text: string): Promise<readonly Diagnostic[]> {
  const file = join(folder, "columns.cf");
  writeFileSync(file, HEAD + text, "latin1");
  const { config, diagnostics } = await loadConfig(file, configEnvironment);
  config?.close();
  return diagnostics;
}

/** The text with `^` in front of each place that a message is about; two messages about one place count once. */
async function marked(text: string): Promise<string> {
  const lines = text.split("\n");
  const places = new Set<string>();
  for (const { at } of await diagnosticsOf(text)) places.add(`${at.line - 3} ${at.column}`);
  const sorted = [...places].map((place) => place.split(" ").map(Number)).toSorted((a, b) => b[1] - a[1]);
  for (const [line, column] of sorted) {
    if (lines[line] === undefined) lines.push(`${line} ${column}`);
    else lines[line] = `${lines[line].slice(0, column - 1)}^${lines[line].slice(column - 1)}`;
  }
  return lines.join("\n");
}

const CASES: Readonly<Record<string, readonly string[]>> = {
  rules: [
    "Sx\nR$* $*^  $: blanks",
    "Sx\nRleft^",
    "Sx\nR$*^\t",
    "Sx\nR^\t^$1",
    "Sx\nR$*\t$1 ^$2",
    'Sx\nR$*  .$+\t\t$1 "a b" ^$3 $2 ^$9',
    "Sx\nR$* ^$1\t$: $1",
    "Sx\nR$*\t$: ^$* $1",
    "Sx\nR$*\t$@ a.b ^$=w",
    "Sx\nR$*\t$: ^$(dequote $1",
    "Sx\nR$*\t$: $(dequote $1 ^$( x $)",
    "Sx\nR$*\t$: ^$[ $1",
    "Sx\nR$- $- $- $- $- $- $- $- $- ^$-\t$: x",
    "Sx\nR$* ^$: x\t$: x",
    "Sx\nR$* $# $+ ^$> x\t$: x",
    "Sx\nDvone.two.three\nR$* $v $* ^$2\t$1",
    "Sx\nDv\nR$* $v $* ^$2\t$1",
    "Sx\nR$* $?{none}a.b.c$|$v$. ^$2\t$1",
    "Sx\nR$*\t$: $1 ^$7\tcomment",
    "Sx\nR$*\t$: \\# $1 ^$7 # remark",
    "Sx\nR$* $$ x\t$: $$ ^$7",
    "Sx\nR$*\n\t$: ^$7",
    "Sx\nR$*\t$: a\n  b ^$7",
    "^R$*\t$1",
    "Sx\nR$={a^-b}\t$1",
    "Sx\nR$*\t$&^{abc",
    "Sx\nR$*\t$1 $^{}",
  ],
  rulesets: ["S^100", "Sa=1\nS^a=2", "S ^!", "S^a="],
  "D, C, F": [
    "D^",
    "D{a^%b}x",
    "D^{abc",
    "C^",
    "C^{}x",
    "Fx ^/nowhere/file",
    "Fx-o /nowhere/file",
    "Fx^",
    "Fxkey@^nosuch:arg",
    "F^",
  ],
  options: [
    "O ^LogLvel=9",
    "O ^=9",
    "O ^Lo=9",
    "O^(",
    "O ^QueueS=^9",
    "O DeliveryMode=^x",
    "O EightBitMode = ^x",
    "O QueueSortOrder=^zigzag",
    "O PrivacyOptions=authwarnings, ^noexp,public, ^x",
    "O DontBlameSendmail=safe ^unsafe",
    "O ResolverOptions=+AAONLY ^+nothing",
    "O Timeout.^queuereturns=5d",
    "O Timeout.queuereturn=5^x",
    "O QueueTimeout=5d/4^y",
    "O Milter.^level=3",
    "O Milter^=3",
    "O Milter^",
    "O DaemonPortOptions=Name=MTA, ^Zort=25",
    "O DaemonPortOptions=Name=here, ^Family=local",
    "O DaemonPortOptions=^Family=unix, Address=",
    "O DaemonPortOptions=Name=MTA, Port=^nosuchport, Family=^ipx",
    "O AliasFile=/etc/aliases, ^nosuch:/etc/other",
    "O DefaultUser=^nobodyhere",
    "O ConnectOnlyTo=^here",
    "O LDAPDefaultSpec=-h here ^-k (x=y)",
    "O LDAPDefaultSpec=-h here ^-a x",
    "O MaxMimeHeaderLength=200/^20",
    "Sx\nR$*\t$1\nO OperatorChars=^.:",
  ],
  mailers: [
    "M^",
    "M^x, P=/bin/x",
    "M^x, A=x",
    "Mx, P=/bin/x, ^Z=3, A=x",
    "Mx, P=/bin/x, foo^",
    "Mx, P=/bin/x, A=x, S=10/^100",
    "Mx, P=/bin/x, A=x, W=3^q",
    "Mx, P=/bin/x, A=x, E=^",
    "Mx, P=/bin/x, A=x, U=^nobodyhere",
    "Mx, P=/bin/x, A=x, Q=^nosuch",
    "Mx, P=^[TCP], A=TCP $h",
    "Mx, P=[IPC], A=^IPC $h",
    "Mx, P=[IPC],\n\t\tA=^TCP",
  ],
  "K, H, Q, X, V and others": [
    "K^",
    "Kx^",
    "Kx ^hsah /etc/x",
    "Kx hash ^-Z /etc/x",
    "H^",
    "HSubject^",
    "H?x^",
    "H?x?Subject^ x",
    "HSubject: $>^100",
    "Q^",
    "O QueueDirectory=/q\nQx, ^Z=3",
    "O QueueDirectory=/q\nQx, P=^",
    "Qx, P=/q, I=5^y",
    "X^",
    "X^x, F=T",
    "Xx, S=^",
    "K^{a} dequote",
    "Xx, S=^sctp:1@h",
    "Xx, S=inet:^here",
    "Xx, S=inet:1@127.0.0.1, T=^Z:1s, T=C^",
    "Xx, S=inet:^x@127.0.0.1",
    "V^x",
    "V10/^Sun",
    "^Yunknown",
    "^ok",
  ],
};

describe.each(Object.entries(CASES))("%s", (_kind, cases) => {
  test.each(cases)("%j", async (text) => {
    expect(await marked(text.replaceAll("^", ""))).toBe(text);
  });
});

test("a message is printed with its line, a caret and what was expected", async () => {
  const [found] = await diagnosticsOf("O LogLvel=9");
  expect(report({ ...found, at: { ...found.at, file: "my.cf" } }, () => `${HEAD}O LogLvel=9\n`)).toBe(
    [
      "my.cf:3:3: error: readcf: unknown option name LogLvel",
      " 3 | O LogLvel=9",
      "   |   ^",
      "   = is LogLevel meant?",
    ].join("\n"),
  );
});
