/**
 * Conversations with next hops that go wrong at random: several messages one after the other, to one to three hosts, any
 * answer at any moment, again and again. Whatever they do, what is reported as sent has been taken, octet for octet.
 */
import { expect, test } from "@jest/globals";
import { fuzz, type Random } from "../support/fuzz.ts";
import { ANSWERS, type HopAnswer } from "../support/hop-answers.ts";
import { trial, type TrialMessage, type TrialOptions } from "../support/hop-trial.ts";
import { type HopScript, type Manner, MANNERS, type Moment } from "../support/scripted-hop.ts";

/** Chance of something wrong at each moment, of 100; the beginning of a conversation is only interesting sometimes. */
const CHANCES: Readonly<Record<Moment, number>> = {
  greeting: 4,
  EHLO: 4,
  STARTTLS: 10,
  EHLO2: 10,
  AUTH: 10,
  AUTH2: 10,
  AUTH3: 10,
  MAIL: 10,
  RCPT: 12,
  "RCPT+": 12,
  DATA: 12,
  ".": 15,
  RSET: 20,
  QUIT: 30,
};

const SPEAKING = Object.values(ANSWERS).filter(({ kind }) => kind !== "silent");
const ALL = Object.values(ANSWERS);

/**
 * A reply too many that comes alone, later than the right one, answers the next command as far as anybody can see. Where LMTP
 * has a reply for each recipient, a hop that gives one too many and then breaks off before the last one has told a story
 * without a contradiction: nobody can know that it is not true.
 */
function isPlausibleLie({ kind }: HopAnswer, moment: Moment, { lmtp, manner }: Way): boolean {
  if (!kind.startsWith("twice")) return false;
  return manner === "octet by octet" || (lmtp && (moment === "DATA" || moment === "."));
}

interface Way {
  readonly lmtp: boolean;
  readonly manner: Manner;
}

function randomScript(random: Random, answers: readonly HopAnswer[], way: Way, noted: string[]): HopScript {
  return ({ moment, connection, message, recipient }) => {
    if (random(100) >= CHANCES[moment]) return undefined;
    const answer = answers[random(answers.length)];
    if (isPlausibleLie(answer, moment, way)) return undefined;
    const [name] = Object.entries(ANSWERS).find(([, each]) => each === answer) ?? [];
    noted.push(`${connection}/${message}/${recipient} ${moment}: ${name}`);
    return answer.acts;
  };
}

function randomMessage(random: Random, number: number): TrialMessage {
  const users = Array.from({ length: 1 + random(4) }, (_, index) => `r${number}-${index}@b.test`);
  const lines = ["", ".", "..", "hello", "MAIL FROM:<x@y>", "x".repeat(900), "."];
  const length = random(5) === 0 ? 2_000 : random(6);
  const body = Array.from({ length }, () => `${lines[random(lines.length)]}\r\n`).join("");
  return { sender: random(8) === 0 ? "" : `m${number}@a.test`, users, body, inMemory: random(2) === 0 };
}

function randomOptions(random: Random, noted: string[]): TrialOptions {
  const silence = random(12) === 0;
  const hosts = 1 + random(3);
  const lmtp = random(3) === 0;
  const manner = MANNERS[random(MANNERS.length)];
  const answers = silence ? ALL : SPEAKING;
  return {
    lmtp,
    pipelining: random(2) === 0,
    starttls: random(4) === 0,
    auth: random(4) === 0,
    manner,
    maxMessages: random(3) === 0 ? 1 + random(3) : 0,
    cache: random(3),
    scripts: Array.from({ length: hosts }, () => randomScript(random, answers, { lmtp, manner }, noted)),
    messages: Array.from({ length: 1 + random(5) }, (_, number) => randomMessage(random, number)),
    ...(silence ? { timeout: 300 } : {}),
  };
}

/** A message that is there twice, or that a hop has taken without saying so, is nobody's loss. */
const LOSSES = /no outcome|is nowhere|another text|got a message|was told/;

test("what is reported as sent has been taken", async () => {
  await fuzz(60, async (random, note) => {
    const noted: string[] = [];
    const options = randomOptions(random, noted);
    const { faults } = await trial(options);
    const losses = faults.filter((fault) => LOSSES.test(fault));
    const { messages: _, scripts: __, ...rest } = options;
    note({ ...rest, hosts: options.scripts.length, users: options.messages.map(({ users }) => users.length), noted });
    expect(losses).toEqual([]);
  });
});
