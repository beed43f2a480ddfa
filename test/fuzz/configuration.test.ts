/** Configuration files of any octets: read to the end with messages at places that exist; both engines then agree. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { loadConfig, type LoadedConfig } from "../../src/config/load.ts";
import { configEnvironment } from "../support/config-environment.ts";
import { damage, fuzz, randomOctets, type Random, randomWords } from "../support/fuzz.ts";
import { randomAddress } from "../support/random-rules.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "rulemail-fuzz-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const PIECES = [
  ...'SRDCFMOKHPTVEQXL{}xyz019,=:;/|"\\#@<>()[]%!? \t\n'.split(""),
  ..."$* $+ $- $@ $: $# $=x $~x $&x $( $) $[ $] $> $| $. $?x $1 $$ {name} =3 P= A= S=1/2 F= -o hash null host arith".split(
    " ",
  ),
  ..."OperatorChars= Timeout.queuereturn= DaemonPortOptions= PrivacyOptions= QueueLA= ".split(" "),
  ..."\nR$*\t \nS3\n \nKx  \nMx, \nO  \nHx:  \nCx \nDx \nV10\n".split(" "),
];
const WHOLE = ["standalone", "nullclient", "submission"].map((name) =>
  readFileSync(new URL(`../../cf/${name}.cf`, import.meta.url), "latin1"),
);

/** Lines that start programs, open connections or read whatever a damaged path names are left to tests of their own. */
function harmless(text: string): string {
  return text
    .split("\n")
    .filter((line) => !/^(?:F|K.*\b(?:program|socket|ldap)\b|\s)/.test(line))
    .join("\n");
}

function load(text: string, testMode: boolean): Promise<LoadedConfig> {
  const file = join(folder, "fuzz.cf");
  writeFileSync(file, text, "latin1");
  return loadConfig(file, { ...configEnvironment, testMode });
}

function check({ diagnostics, config }: LoadedConfig, text: string): void {
  const lines = text.split("\n");
  for (const { message, at } of diagnostics) {
    expect(message).not.toBe("");
    expect(at.line).toBeLessThanOrEqual(lines.length);
    if (at.line > 0 && at.column !== undefined) expect(at.column).toBeLessThanOrEqual(lines[at.line - 1].length + 1);
  }
  config?.close();
}

test("any lines are read, or reported at their place", async () => {
  await fuzz(250, async (random, note) => {
    const text = harmless(random(4) === 0 ? randomOctets(random, 600) : randomWords(random, PIECES, 120));
    note(text);
    check(await load(text, true), text);
  });
});

test("a damaged configuration rewrites alike in both engines", async () => {
  await fuzz(8, async (random, note) => {
    const text = harmless(damageLines(WHOLE[random(WHOLE.length)], random));
    const [traced, compiled] = [await load(text, true), await load(text, false)];
    for (let count = 0; traced.config && compiled.config && count < 40; count++) {
      const input = random(3) === 0 ? randomOctets(random, 40) : `${randomAddress(random)}@b.test`;
      const ruleset = ["3", "0", "check_rcpt", "check_mail", "4"][random(5)];
      note({ input, ruleset });
      const answers = [];
      for (const { rewriter, macros } of [traced.config, compiled.config]) {
        const messages: string[] = [];
        const scope = macros.child();
        // Test mode has values of its own.
        for (const name of ["deliveryMode", "opMode"]) scope.set(name, "x");
        const context = { scope, deferred: false, message: (each: string) => messages.push(each) };
        const number = rewriter.number(ruleset) ?? 0;
        const { tokens, status } = await rewriter.rewrite(number, rewriter.tokenise(input, context), context);
        answers.push({ tokens, status, messages });
      }
      expect(answers[1]).toEqual(answers[0]);
    }
    check(traced, text);
    compiled.config?.close();
  });
});

/** A few lines of it damaged, in every place where a rule may be. */
function damageLines(text: string, random: Random): string {
  const lines = text.split("\n");
  for (let count = 20; count > 0; count--) {
    const at = random(lines.length);
    lines[at] = damage(lines[at], random, PIECES);
  }
  return lines.join("\n");
}
