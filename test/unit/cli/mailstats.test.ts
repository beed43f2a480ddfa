import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { runMailstats } from "../../../src/cli/mailstats.ts";
import { emptyRecord, encodeStatistics } from "../../../src/log/statistics-record.ts";
import { runCommand } from "../../support/command.ts";

let folder: string;
let file: string;
let config: string;
const zone = process.env["TZ"];

beforeEach(() => {
  process.env["TZ"] = "UTC";
  folder = mkdtempSync(join(tmpdir(), "mailstats-"));
  file = join(folder, "st");
  config = join(folder, "s.cf");
  writeFileSync(
    config,
    `V10\nMlocal, P=/x\n  , F=y\nMprog, P=/x\nO StatusFile=/nosuch\nMesmtp, P=[IPC]\nO StatusFile=${file}\n`,
  );
  const record = emptyRecord(1_700_000_000);
  Object.assign(record.connections, { from: 7, to: 8, rejected: 9 });
  record.mailers[0].from = 1;
  record.mailers[1].to = 5;
  record.mailers[2].fromKilobytes = 123_456_789_012;
  Object.assign(record.mailers[3], { from: 12_345_678, fromKilobytes: 1_234_567_890_123, to: 5, toKilobytes: 6 });
  Object.assign(record.mailers[4], { rejected: 7, discarded: 8 });
  record.mailers[5].quarantined = 9;
  writeFileSync(file, encodeStatistics(record));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  if (zone === undefined) delete process.env["TZ"];
  else process.env["TZ"] = zone;
});

const mailstats = (...words: string[]) => runCommand(runMailstats, words);

/** What sendmail's mailstats 8.17 prints of the same file. */
const ROWS = `
 0        1          0K        0          0K        0       0       0  prog
 1        0          0K        5          0K        0       0       0  *file*
 3 12345678 1234567890123K        5          6K        0       0       0  local
 4        0          0K        0          0K        7       8       0  esmtp
 5        0          0K        0          0K        0       0       9  `;
const TABLE = `Statistics from Tue Nov 14 22:13:20 2023
 M   msgsfr  bytes_from   msgsto    bytes_to  msgsrej msgsdis msgsqur  Mailer${ROWS}
=====================================================================
 T 12345679 1234567890123K       10          6K        7       8       9
 C        7                    8                    9
`;

test("prints the table that sendmail's prints", async () => {
  expect(await mailstats("-C", config)).toEqual({ status: 0, output: TABLE, errors: "" });
});

test("-o leaves out the names of mailers", async () => {
  const { output } = await mailstats("-o", "-C", config);
  expect(output).toBe(TABLE.replaceAll(/ {2}(?:Mailer|prog|\*file\*|local|esmtp|)$/gm, ""));
});

test("-P is for programs, -p empties the file, too; the next one has nothing", async () => {
  const { output } = await mailstats("-P", "-C", config);
  const [times, ...lines] = output.split("\n");
  expect(times).toMatch(/^1700000000 \d+$/);
  expect(lines.join("\n")).toBe(
    `${ROWS.slice(1).replaceAll("K", "")}\n T 12345679 1234567890123       10          6        7       8       9\n C        7        8      9\n`,
  );
  expect((await mailstats("-p", "-f", file, "-C", config)).output.split("\n").slice(1)).toEqual(lines);
  expect(readFileSync(file)).toHaveLength(0);
  const { output: empty } = await mailstats("-p", "-C", config);
  expect(empty).toMatch(/^(\d+) \1\n T {8}0 {10}0 {8}0 {10}0 {8}0 {7}0 {7}0\n C {8}0 {8}0 {6}0\n$/);
});

test.each<[words: (file: string) => string[], status: number, errors: (file: string) => string]>([
  [
    () => ["-x"],
    64,
    () => "mailstats: invalid option -- 'x'\nusage: mailstats [-C cffile] [-c] [-P] [-f stfile] [-o] [-p]\n",
  ],
  [() => ["foo"], 64, () => "usage: mailstats [-C cffile] [-c] [-P] [-f stfile] [-o] [-p]\n"],
  [() => ["-C", "/nosuch"], 66, () => "mailstats: /nosuch: No such file or directory\n"],
  [() => ["-C", "CF", "-f", "/nosuch"], 66, () => "mailstats: /nosuch: No such file or directory\n"],
  [() => ["-C", "/dev/null"], 72, () => "mailstats: no statistics file located\n"],
  [() => ["-C", "CF", "-f", "CF"], 71, (cf) => `mailstats: incorrect magic number in ${cf}\n`],
])("says what is wrong: %j", async (words, status, errors) => {
  const given = words(file).map((word) => (word === "CF" ? config : word));
  expect(await mailstats(...given)).toEqual({ status, output: "", errors: errors(config) });
});
