/**
 * What a next hop may do wrong at a moment of the conversation, as a table: the generator of the tests of the SMTP client
 * crosses it with every moment, with SMTP and LMTP, with and without PIPELINING.
 */
import { type HopAct, type HopScript, type Moment, MOMENTS } from "./scripted-hop.ts";

/** What an answer amounts to, whatever it looks like. */
export const ANSWER_KINDS = [
  "yes",
  "go on",
  "usual",
  "later",
  "too many",
  "closing",
  "never",
  "nonsense",
  "twice",
  "twice no",
  "twice late",
  "twice late no",
  "usual and closes",
  "lost",
  "silent",
  "early",
] as const;
export type AnswerKind = (typeof ANSWER_KINDS)[number];

export interface HopAnswer {
  readonly kind: AnswerKind;
  readonly acts: readonly HopAct[];
}

const say = (kind: AnswerKind, reply: string): HopAnswer => ({ kind, acts: [{ say: reply }] });
const LONG = "x".repeat(10_240);

/** What the hop does → what that is. */
export const ANSWERS: Readonly<Record<string, HopAnswer>> = {
  "250": say("yes", "250 2.0.0 ok"),
  "251": say("yes", "251 2.1.5 will forward"),
  "220": say("yes", "220 2.0.0 ready"),
  "bare code": say("yes", "250"),
  "10 KB line": say("yes", `250 2.0.0 ${LONG}`),
  "100 KB line": say("yes", `250 2.0.0 ${LONG.repeat(10)}`),
  "500 lines": say("yes", `${"250-2.0.0 ok\r\n".repeat(500)}250 2.0.0 ok`),
  "8000 lines": say("yes", `${"250-2.0.0 ok\r\n".repeat(8_000)}250 2.0.0 ok`),
  "bare LF": { kind: "yes", acts: [{ raw: "250 2.0.0 ok\n" }] },
  "bare CR": { kind: "yes", acts: [{ raw: "250 2.0.0 ok\r250 2.0.0 ok\r\n" }] },
  "354": say("go on", "354 go on"),
  "no code, then usual": { kind: "usual", acts: [{ say: "hello there" }, "usual"] },
  "empty line, then usual": { kind: "usual", acts: [{ raw: "\r\n" }, "usual"] },
  "4xx": say("later", "451 4.3.0 later"),
  "452": say("too many", "452 4.5.3 too many recipients"),
  "421": { kind: "closing", acts: [{ say: "421 4.3.2 going down" }, "close"] },
  "421 and stays": say("closing", "421 4.3.2 going down"),
  "5xx": say("never", "554 5.7.1 never"),
  "521": say("never", "521 5.3.2 no mail here"),
  "10 KB refusal": say("never", `554 5.7.1 ${LONG}`),
  "1xx": say("nonsense", "150 2.0.0 hold on"),
  "334": say("nonsense", "334 go on"),
  "6xx": say("nonsense", "650 what is this"),
  "0xx": say("nonsense", "050 what is this"),
  "mixed codes": say("nonsense", "250-2.0.0 ok\r\n554 5.7.1 no"),
  "no end": { kind: "nonsense", acts: [{ raw: `250-${"x".repeat(1_100_000)}` }] },
  twice: { kind: "twice", acts: ["usual", { say: "250 2.0.0 and again" }] },
  "twice, no": { kind: "twice no", acts: ["usual", { say: "554 5.7.1 and no" }] },
  "twice, late": { kind: "twice late", acts: ["usual", { sayLater: "250 2.0.0 and again" }] },
  "twice, late no": { kind: "twice late no", acts: ["usual", { sayLater: "554 5.7.1 and no" }] },
  "usual, close": { kind: "usual and closes", acts: ["usual", "close"] },
  "half a line, close": { kind: "lost", acts: [{ raw: "250 2.0.0 o" }, "close"] },
  "half a refusal, close": { kind: "lost", acts: [{ raw: "554 5.7.1 nev" }, "close"] },
  "half a reply, close": { kind: "lost", acts: [{ raw: "250-2.0.0 ok\r\n" }, "close"] },
  "no code, close": { kind: "lost", acts: [{ say: "hello there" }, "close"] },
  close: { kind: "lost", acts: ["close"] },
  reset: { kind: "lost", acts: ["reset"] },
  silence: { kind: "silent", acts: ["mute"] },
  "half a line": { kind: "silent", acts: [{ raw: "250 2.0.0 o" }, "mute"] },
  "two digits": { kind: "silent", acts: [{ say: "25 ok" }, "mute"] },
  "four digits": { kind: "silent", acts: [{ say: "2500 ok" }, "mute"] },
  "code and letters": { kind: "silent", acts: [{ say: "250ok" }, "mute"] },
  controls: { kind: "silent", acts: [{ say: "\x00\x1b[2J\x07250 ok" }, "mute"] },
};

/** The script acts at the first time that the moment comes. */
export function onceAt(moment: Moment, acts: readonly HopAct[]): HopScript {
  let done = false;
  return (event) => {
    if (done || event.moment !== moment) return undefined;
    done = true;
    return acts;
  };
}

/** What comes before each moment, for replies that come before their command. */
const BEFORE: Readonly<Partial<Record<Moment, Moment>>> = {
  EHLO: "greeting",
  STARTTLS: "EHLO",
  AUTH: "EHLO",
  AUTH2: "AUTH",
  AUTH3: "AUTH2",
  MAIL: "EHLO",
  RCPT: "MAIL",
  "RCPT+": "RCPT",
  DATA: "RCPT+",
  ".": "DATA",
  RSET: ".",
  QUIT: ".",
};

const USUAL: Readonly<Partial<Record<Moment, string>>> = {
  STARTTLS: "220 2.0.0 go ahead",
  AUTH: "334 VXNlcm5hbWU6",
  AUTH2: "334 UGFzc3dvcmQ6",
  AUTH3: "235 2.7.0 welcome",
  DATA: "354 go on",
  QUIT: "221 2.0.0 bye",
};

/** The right reply, but together with the one before it: the command that it answers has not been seen yet. */
export function early(moment: Moment): HopScript | undefined {
  const before = BEFORE[moment];
  if (before === undefined) return undefined;
  const reply = USUAL[moment] ?? "250 2.0.0 ok";
  const said = onceAt(before, ["usual", { say: reply }]);
  // About a message that it has not seen yet, a hop can have said nothing.
  const silent = onceAt(moment, moment === "." ? [] : [{ saidBefore: reply }]);
  let connection = 0;
  return (event) => {
    const acts = said(event);
    if (acts !== undefined) connection = event.connection;
    return acts ?? (event.connection === connection ? silent(event) : undefined);
  };
}

export interface HopCell {
  readonly name: string;
  readonly moment: Moment;
  readonly kind: AnswerKind;
  /** A script of its own: it counts what it has done. */
  script(): HopScript;
}

/** Every moment with every answer. */
export function hopCells(moments: readonly Moment[] = MOMENTS): HopCell[] {
  return moments.flatMap((moment) => [
    ...Object.entries(ANSWERS).map(([answer, { kind, acts }]) => ({
      name: `${moment}: ${answer}`,
      moment,
      kind,
      script: () => onceAt(moment, acts),
    })),
    ...(BEFORE[moment] === undefined
      ? []
      : [
          {
            name: `${moment}: early`,
            moment,
            kind: "early" as const,
            script: () => early(moment) ?? (() => undefined),
          },
        ]),
  ]);
}
