/**
 * Asks one program many questions in one run of test mode, and tells the answers apart: after each question stands a
 * command that no program knows, and its complaint marks the end of the answer.
 */
import { spawnSync } from "node:child_process";

export interface Session {
  /** What was printed before the first prompt, without the banner. */
  readonly start: readonly string[];
  /** The printed lines for each question, without trailing blanks; undefined when the program ended before. */
  readonly answers: readonly (readonly string[] | undefined)[];
  readonly failure: string | undefined;
}

/** An address test mode session of `command`; one question may be several lines, typed one after the other. */
export function ask(command: readonly string[], questions: readonly (readonly string[])[]): Session {
  const typed = questions.flatMap((lines, index) => [...lines, mark(index)]);
  const [program, ...args] = command;
  const run = spawnSync(program, args, {
    input: Buffer.from([mark(-1), ...typed, ""].join("\n"), "latin1"),
    maxBuffer: 1 << 28,
    timeout: 300_000,
  });
  const printed = run.stdout?.toString("latin1") ?? "";
  const pieces = splitAtMarks(printed);
  const start = (pieces.get(-1) ?? printed.split("\n"))
    .filter((line) => !/^ADDRESS TEST MODE|^Enter <ruleset>/.test(line))
    .filter((line) => line !== "");
  const answers = questions.map((_, index) => pieces.get(index));
  const failure = run.error?.message ?? (answers.includes(undefined) ? `ended early, status ${run.status}` : undefined);
  return { start, answers, failure };
}

const mark = (index: number): string => `/end-of-answer-${index}`;

function splitAtMarks(printed: string): Map<number, string[]> {
  const pieces = new Map<number, string[]>();
  let from = 0;
  for (let index = -1; ; index++) {
    const complaint = `Unknown "/" command ${mark(index)}\n`;
    const at = printed.indexOf(complaint, from);
    if (at < 0) return pieces;
    pieces.set(
      index,
      printed
        .slice(from, at)
        .split("\n")
        .map((line) => line.replace(/^(?:> )+/, "").trimEnd())
        .filter((line) => line !== "" && line !== ">"),
    );
    from = at + complaint.length;
  }
}
