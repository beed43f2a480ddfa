/**
 * What a configuration decides, in the words of test mode: commands that are typed, each with the last result it printed.
 *
 *     3,0 joe@example.com
 *         $# local $: joe
 *
 * A line without an answer (a definition) has "".
 */
import { readArguments } from "../../src/cli/arguments.ts";
import { Output } from "../../src/cli/output.ts";
import { runTestMode } from "../../src/cli/test-mode.ts";

export interface Decision {
  readonly typed: string;
  readonly answer: string;
}

/** Reads typed lines, each with its answer indented below it. */
export function readDecisions(text: string): Decision[] {
  const found: { typed: string; answer: string }[] = [];
  for (const line of text.split("\n")) {
    if (line.startsWith("    ")) found.at(-1)!.answer = line.trim();
    else if (line !== "") found.push({ typed: line, answer: "" });
  }
  return found;
}

/** The form that {@link readDecisions} reads; as a string it also makes good differences in a test. */
export function showDecisions(decisions: readonly Decision[]): string {
  return decisions.map(({ typed, answer }) => `${typed}\n${answer === "" ? "" : `    ${answer}\n`}`).join("");
}

/** Asks test mode about a compiled configuration. */
export async function decide(config: string, typed: readonly string[]): Promise<Decision[]> {
  // An undefined macro that is shown marks where each command ends: prompts of silent commands run together.
  const lines = await typeIn(
    config,
    typed.flatMap((line, index) => [line, `$\{mark${index}}`]),
  );
  const answers: string[] = [];
  let part: string[] = [];
  for (const line of lines.map((each) => each.replace(/^(?:> )+/, ""))) {
    if (line === "Undefined") {
      answers.push(answerOf(part));
      part = [];
    } else part.push(line);
  }
  return typed.map((line, index) => ({ typed: line, answer: answers[index] }));
}

/** The last result that a command printed. */
function answerOf(lines: readonly string[]): string {
  const last = lines.findLast((line) => line.includes("returns:") || line.startsWith("Rcode")) ?? "";
  return last.replace(/^.*returns: */, "").trim();
}

async function typeIn(config: string, typed: readonly string[]): Promise<string[]> {
  let text = "";
  const input = (async function* lines() {
    yield await Promise.resolve(Buffer.from(`${typed.join("\n")}\n`, "latin1"));
  })();
  const output = new Output((octets) => void (text += octets.toString("latin1")));
  await runTestMode(readArguments("sendmail", ["-bt", "-C", config]), { input, output });
  return text.split("\n");
}
