/**
 * Next hops that say anything at any moment (test/support/hop-answers.ts), alone and in front of a second one. The table
 * says what becomes of the three recipients of a message; what no hop may ever bring about is checked for each cell.
 */
import { describe, expect, test } from "@jest/globals";
import { ANSWER_KINDS, type AnswerKind, type HopCell, hopCells } from "../../../support/hop-answers.ts";
import { type Mode, MODES, modeName, trial, type TrialMessage } from "../../../support/hop-trial.ts";
import {
  type HopAct,
  type HopEvent,
  type HopScript,
  type Manner,
  type Moment,
  MOMENTS,
} from "../../../support/scripted-hop.ts";

const FIRST: TrialMessage = {
  sender: "m1@a.test",
  users: ["r1@b.test", "r2@b.test", "r3@b.test"],
  body: "one\r\n.\r\n",
};
const SECOND: TrialMessage = { sender: "m2@a.test", users: ["r4@b.test", "r1@b.test"], body: "two\r\n" };

/**
 * What becomes of the recipients when there is one host: s sent, l later, n never; ? anything that keeps the promises.
 * For RSET the message is refused, and the question is what becomes of the next one; QUIT comes after everything.
 */
const FATES = `
                  greeting EHLO     STARTTLS EHLO2    AUTH     AUTH2    AUTH3    MAIL     RCPT     RCPT+    DATA     .        RSET     QUIT
yes               sss      sss      ???      sss      lll      lll      sss      sss      sss      sss      lll      sss      nnn      sss
go_on             lll      lll      lll      lll      lll      lll      lll      lll      lll      lll      sss      lll      nnn      sss
usual             sss      sss      sss      sss      sss      sss      sss      sss      sss      sss      sss      sss      nnn      sss
later             lll      lll      sss      lll      lll      lll      lll      lll      lss      sls      lll      lll      nnn      sss
too_many          lll      lll      sss      lll      lll      lll      lll      lll      sss      sss      lll      lll      nnn      sss
closing           lll      lll      lll      lll      lll      lll      lll      lll      lll      lll      lll      lll      nnn      sss
never             nnn      sss      sss      sss      sss      sss      sss      nnn      nss      sns      nnn      nnn      nnn      sss
nonsense          lll      lll      lll      lll      lll      lll      lll      lll      lll      lll      lll      lll      nnn      sss
twice             lll      lll      ???      lll      lll      lll      lll      lll      lll      lll      lll      sss      nnn      sss
twice_no          lll      lll      ???      lll      lll      lll      lll      lll      lll      lll      lll      lll      nnn      sss
twice_late        lll      lll      ???      lll      lll      lll      lll      lll      lll      lll      sss      sss      nnn      sss
twice_late_no     lll      lll      ???      lll      lll      lll      lll      lll      lll      lll      lll      sss      nnn      sss
usual_and_closes  lll      lll      sss      lll      lll      lll      lll      lll      lll      lll      lll      sss      nnn      sss
lost              lll      lll      sss      lll      lll      lll      lll      lll      lll      lll      lll      lll      nnn      sss
silent            lll      lll      ???      lll      lll      lll      lll      lll      lll      lll      lll      lll      nnn      sss
early             ???      lll      lll      ???      lll      lll      lll      lll      ???      ???      ???      lll      ???      sss`;

/** LMTP has no HELO, and one reply after the message for each recipient: the script acts at the first of them. */
const LMTP_FATES: Readonly<Record<string, string>> = {
  "EHLO never": "nnn",
  "EHLO2 never": "nnn",
  "QUIT early": "lll",
  ". later": "lss",
  ". too many": "sss",
  ". never": "nss",
  ". twice": "lll",
  ". twice late": "lll",
  ". twice late no": "lll",
  ". usual and closes": "sll",
  "DATA twice late": "lll",
};

const fates: ReadonlyMap<string, string> = readFates();

function readFates(): Map<string, string> {
  const [head, ...rows] = FATES.trim()
    .split("\n")
    .map((line) => line.trim().split(/ +/));
  return new Map(
    rows.flatMap(([kind, ...row]) =>
      row.map((fate, at) => [`${head[at]} ${kind.replaceAll("_", " ")}`, fate] as const),
    ),
  );
}

function expected({ moment, kind }: HopCell, { lmtp }: Mode): string {
  return (lmtp ? LMTP_FATES[`${moment} ${kind}`] : undefined) ?? fates.get(`${moment} ${kind}`) ?? "";
}

function fits(fate: string, wanted: string): boolean {
  return wanted.split("").every((each, at) => each === "?" || each === fate[at]);
}

/** A connection gets its RSET behind a message that was refused. */
function scriptOf(cell: HopCell): HopScript {
  const acts = cell.script();
  if (cell.moment !== "RSET") return acts;
  return (event) =>
    acts(event) ?? (event.moment === "DATA" && event.message === 1 ? [{ say: "554 5.6.0 no" }] : undefined);
}

function optionsFor({ moment }: HopCell, mode: Mode) {
  return {
    ...mode,
    starttls: moment === "STARTTLS" || moment === "EHLO2",
    auth: moment.startsWith("AUTH"),
    maxMessages: moment === "QUIT" ? 1 : 0,
  };
}

/** What is wrong with one cell; `timeout` in ms for hops that say nothing. */
type Check = (cell: HopCell, mode: Mode, timeout?: number, manner?: Manner) => Promise<string[]>;

const aloneAndInStep: Check = async (cell, mode, timeout, manner = "each by itself") => {
  const options = { ...optionsFor(cell, mode), manner, ...(timeout === undefined ? {} : { timeout }) };
  const result = await trial({ ...options, scripts: [scriptOf(cell)], messages: [FIRST, SECOND] });
  const [first, second] = result.fates;
  const wanted = expected(cell, mode);
  const faults = [...result.faults];
  if (!fits(first, wanted)) faults.push(`is ${first} and not ${wanted}`);
  // Where each recipient has a reply of its own, one too many leaves open whose is whose.
  const fair = cell.name !== "RSET: early" || !mode.lmtp;
  if (second !== "ss" && fair) faults.push(`the next message is ${second}`);
  return faults;
};

const leftToTheSecond: Check = async (cell, mode, timeout) => {
  const options = { ...optionsFor(cell, mode), ...(timeout === undefined ? {} : { timeout }) };
  const result = await trial({ ...options, scripts: [scriptOf(cell), undefined], messages: [FIRST] });
  const [fate] = result.fates;
  const faults = [...result.faults];
  // Where there is another host, it gets those who are too many for this one.
  const alone = expected(cell.kind === "too many" ? { ...cell, kind: "later" } : cell, mode);
  // A host that does not want to talk at all has refused nobody.
  const refuses = !["greeting", "EHLO", "EHLO2"].includes(cell.moment);
  const wanted = refuses ? alone.replaceAll("l", "s") : alone.replaceAll(/[ln]/g, "s");
  if (!fits(fate, wanted)) faults.push(`is ${fate} and not ${wanted}`);
  const asked = new Set(result.hops[1].asked);
  FIRST.users.forEach((user, at) => {
    const left = alone[at] === "l" || (alone[at] === "n" && !refuses);
    if (alone[at] !== "?" && asked.has(user) !== left) faults.push(`${user} was ${left ? "not " : ""}asked elsewhere`);
  });
  return faults;
};

interface Case {
  readonly cell: HopCell;
  readonly mode: Mode;
  readonly check: Check;
}

/** Runs many at once: most of the time each waits for the other side. */
async function complaintsOf(
  cases: readonly Case[],
  run: (each: Case) => Promise<readonly string[]>,
): Promise<string[]> {
  const complaints: string[] = [];
  const rest = cases.values();
  const worker = async () => {
    for (const each of rest) {
      for (const fault of await run(each)) complaints.push(`${modeName(each.mode)}: ${each.cell.name}: ${fault}`);
    }
  };
  await Promise.all(Array.from({ length: 64 }, worker));
  return complaints;
}

/** One answer of each kind. */
function oneOfEachKind(cells: readonly HopCell[]): HopCell[] {
  return [...new Map(cells.map((cell) => [`${cell.moment} ${cell.kind}`, cell])).values()];
}

const speaking = ({ kind }: HopCell): boolean => kind !== "silent";
const NAMED_MODES = MODES.map((mode) => ({ name: modeName(mode), mode }));

test("the table has a row for every kind and a column for every moment", () => {
  const wanted = MOMENTS.flatMap((moment: Moment) => ANSWER_KINDS.map((kind: AnswerKind) => `${moment} ${kind}`));
  expect([...fates.keys()].toSorted()).toEqual(wanted.toSorted());
});

describe.each(NAMED_MODES)("$name", ({ mode }) => {
  test("a host takes what it has answered 2xx to behind the message, and the next message is in step", async () => {
    const cells = hopCells().filter(speaking);
    // Each mode sees one answer of each kind, and of all the others its share.
    const turn = MODES.indexOf(mode);
    const shown = new Set([...oneOfEachKind(cells), ...cells.filter((_, at) => at % MODES.length === turn)]);
    const cases = [...shown].map((cell) => ({ cell, mode, check: aloneAndInStep }));
    expect(await complaintsOf(cases, ({ cell, check }) => check(cell, mode))).toEqual([]);
  });

  test.each(["octet by octet", "together"] as const)("the same when its replies come %s", async (manner) => {
    // Octet by octet, what comes behind a reply is seen later than the reply.
    const inOrder = ({ kind }: HopCell): boolean => manner === "together" || !/^(?:twice|early)/.test(kind);
    const cells = oneOfEachKind(hopCells()).filter((cell) => speaking(cell) && inOrder(cell));
    const turn = MODES.indexOf(mode);
    const cases = cells
      .filter((_, at) => at % MODES.length === turn)
      .map((cell) => ({ cell, mode, check: aloneAndInStep }));
    expect(cases.length).toBeGreaterThan(20);
    expect(await complaintsOf(cases, ({ cell, check }) => check(cell, mode, undefined, manner))).toEqual([]);
  });

  test("the second of two hosts gets whom the first has neither taken nor refused", async () => {
    const cells = oneOfEachKind(hopCells()).filter(speaking);
    const cases = cells
      .filter(({ moment }) => moment !== "RSET" && moment !== "QUIT")
      .map((cell) => ({ cell, mode, check: leftToTheSecond }));
    expect(await complaintsOf(cases, ({ cell, check }) => check(cell, mode))).toEqual([]);
  });
});

const SIX: TrialMessage = {
  sender: "m@a.test",
  users: ["r1@b.test", "r2@b.test", "r3@b.test", "r4@b.test", "r5@b.test", "r6@b.test"],
  body: "text\r\n",
};

/** @param replies by recipient */
function toRcpt(replies: Readonly<Record<string, string>>): HopScript {
  return ({ moment, line }) => {
    const reply = moment.startsWith("RCPT") ? replies[/<(r\d)@/.exec(line)?.[1] ?? ""] : undefined;
    return reply === undefined ? undefined : [{ say: reply }];
  };
}

function atMost(count: number): HopScript {
  return ({ moment, recipient }) =>
    moment.startsWith("RCPT") && recipient >= count ? [{ say: "452 4.5.3 too many recipients" }] : undefined;
}

/** So many recipients in all messages together. */
function inAll(count: number, reply: string): (event: HopEvent) => readonly HopAct[] | undefined {
  let asked = 0;
  return () => (++asked > count ? [{ say: reply }] : undefined);
}

function greetsWith(reply: string): HopScript {
  return ({ moment }) => (moment === "greeting" ? [{ say: reply }, "close"] : undefined);
}

/** Has no time for the first message. */
const BUSY: HopScript = ({ moment, message }) =>
  moment === "MAIL" && message === 1 ? [{ say: "451 4.3.2 busy" }] : undefined;

/** "r1@b.test", "r3@b.test" → "13" */
function numbers(addresses: readonly string[]): string {
  return addresses.map((address) => address.slice(1, 2)).join("");
}

describe("three hosts", () => {
  test.each(NAMED_MODES)("each is asked for those that are still open, and for no others ($name)", async ({ mode }) => {
    const result = await trial({
      ...mode,
      messages: [SIX],
      scripts: [
        toRcpt({
          r1: "550 5.1.1 no such user",
          r2: "451 4.3.1 disk full",
          r3: "452 4.5.3 too many",
          r5: "421 4.3.2 bye",
        }),
        toRcpt({ r2: "450 4.2.0 busy", r3: "550 5.1.1 not here", r6: "450 4.2.0 busy" }),
        toRcpt({ r6: "451 4.7.1 later" }),
      ],
    });
    expect(result.faults).toEqual([]);
    expect(result.fates).toEqual(["nsnssl"]);
    const asked = result.hops.map((hop) => numbers(hop.asked));
    expect(asked).toEqual([mode.pipelining ? "123456" : "12345", "23456", "26"]);
    expect(result.hops.map(({ taken }) => numbers(taken.map(({ recipient }) => recipient)))).toEqual(["", "45", "2"]);
    expect(result.reports[0].statuses.get(5)).toMatchObject({
      relay: "mx3.b.test. [127.0.0.4]",
      text: "Deferred: 451 4.7.1 later",
    });
  });

  test.each(NAMED_MODES)("too many recipients: the rest goes to the next at once ($name)", async ({ mode }) => {
    const result = await trial({ ...mode, messages: [SIX], scripts: [atMost(3), atMost(2), atMost(2)] });
    expect(result.faults).toEqual([]);
    expect(result.fates).toEqual(["ssssss"]);
    expect(result.hops.map(({ taken }) => numbers(taken.map(({ recipient }) => recipient)))).toEqual([
      "123",
      "45",
      "6",
    ]);
  });

  test.each(NAMED_MODES)(
    "too many for the only host: it gets the rest on the same connection ($name)",
    async ({ mode }) => {
      const result = await trial({ ...mode, messages: [SIX], scripts: [atMost(2)] });
      expect([result.faults, result.fates]).toEqual([[], ["ssssss"]]);
      const [hop] = result.hops;
      expect(hop.taken.map(({ recipient, connection }) => `${numbers([recipient])} ${connection}`)).toEqual([
        "1 1",
        "2 1",
        "3 1",
        "4 1",
        "5 1",
        "6 1",
      ]);
      expect(hop.messages).toBe(3);
    },
  );

  test.each([
    ["takes nobody", () => [{ say: "452 4.5.3 too many recipients" }], "llllll", 1],
    ["takes only the first ones of a connection", inAll(2, "452 4.5.3 too many recipients"), "ssllll", 2],
    ["takes only the first ones, and means 452", inAll(2, "552 too many recipients"), "ssllll", 2],
    ["has full mailboxes behind good ones", inAll(2, "452 4.2.2 mailbox full"), "ssllll", 1],
  ] as const)("the only host %s: the rest waits", async (_name, act, found, messages) => {
    const script: HopScript = (event) => (event.moment.startsWith("RCPT") ? act(event) : undefined);
    const result = await trial({ ...MODES[0], messages: [SIX], scripts: [script] });
    expect([result.faults, result.fates, result.hops[0].messages]).toEqual([[], [found], messages]);
  });

  test("all of them say later: so does the outcome, and the next attempt begins with the first", async () => {
    const { hops, fates: found } = await trial({ ...MODES[0], messages: [SIX, SIX], scripts: [BUSY, BUSY, BUSY] });
    expect(found).toEqual(["llllll", "ssssss"]);
    expect(hops.map(({ messages }) => messages)).toEqual([2, 1, 1]);
  });

  const NEVER = "554 5.3.2 no mail here";
  const LATER = "450 4.3.2 busy";
  test.each([
    [[NEVER, NEVER, NEVER], "nnnnnn"],
    [[NEVER, LATER, NEVER], "llllll"],
    [[LATER, NEVER], "llllll"],
    [[NEVER, LATER], "llllll"],
  ])("hosts that greet with %j: %s", async (greetings, fate) => {
    const result = await trial({ ...MODES[0], messages: [SIX], scripts: greetings.map(greetsWith) });
    expect(result.fates).toEqual([fate]);
  });
});

test("a host that says nothing is left when its time is up", async () => {
  const cases = MODES.flatMap((mode) =>
    oneOfEachKind(hopCells())
      .filter(({ moment, kind }) => kind === "silent" && moment !== "QUIT")
      .flatMap((cell) => [aloneAndInStep, leftToTheSecond].map((check) => ({ cell, mode, check })))
      .filter(({ cell: { moment }, check }) => moment !== "RSET" || check === aloneAndInStep),
  );
  const complaints = await complaintsOf(cases, async ({ cell, mode, check }) => {
    // On a busy machine the good hosts are slow as well: then it is tried again with more patience.
    const faults = await check(cell, mode, 500);
    return faults.length === 0 ? faults : check(cell, mode, 5_000);
  });
  expect(complaints).toEqual([]);
});
