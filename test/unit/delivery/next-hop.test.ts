/**
 * Next hops that say anything at any moment (test/support/hop-answers.ts), alone and in front of a second one. The table
 * says what becomes of the three recipients of a message; what no hop may ever bring about is checked for each cell.
 */
import { describe, expect, test } from "@jest/globals";
import { ANSWER_KINDS, type AnswerKind, type HopCell, hopCells } from "../../support/hop-answers.ts";
import { type Mode, MODES, modeName, trial, type TrialMessage } from "../../support/hop-trial.ts";
import { type HopScript, type Moment, MOMENTS } from "../../support/scripted-hop.ts";

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
            greeting EHLO STARTTLS EHLO2 MAIL RCPT RCPT+ DATA .   RSET QUIT
yes         sss      sss  ???      sss   sss  sss  sss   lll  sss nnn  sss
go_on       lll      lll  lll      lll   lll  lll  lll   sss  lll nnn  sss
usual       sss      sss  sss      sss   sss  sss  sss   sss  sss nnn  sss
later       lll      lll  sss      lll   lll  lss  sls   lll  lll nnn  sss
closing     lll      lll  lll      lll   lll  lll  lll   lll  lll nnn  sss
never       nnn      sss  sss      sss   nnn  nss  sns   nnn  nnn nnn  sss
nonsense    lll      lll  lll      lll   lll  lll  lll   lll  lll nnn  sss
twice       lll      lll  ???      lll   lll  lll  lll   lll  sss nnn  sss
twice_no    lll      lll  ???      lll   lll  lll  lll   lll  lll nnn  sss
twice_late  lll      lll  ???      lll   lll  lll  lll   sss  sss nnn  sss
twice_late_no lll    lll  ???      lll   lll  lll  lll   lll  sss nnn  sss
lost        lll      lll  sss      lll   lll  lll  lll   lll  lll nnn  sss
silent      lll      lll  ???      lll   lll  lll  lll   lll  lll nnn  sss
early       ???      lll  lll      ???   lll  ???  ???   ???  lll ???  sss`;

/** LMTP has no HELO, and one reply after the message for each recipient: the script acts at the first of them. */
const LMTP_FATES: Readonly<Record<string, string>> = {
  "EHLO never": "nnn",
  "QUIT early": "lll",
  ". later": "lss",
  ". never": "nss",
  ". twice": "lll",
  ". twice late": "lll",
  ". twice late no": "lll",
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

function optionsFor({ moment, kind }: HopCell, mode: Mode) {
  return {
    ...mode,
    starttls: moment === "STARTTLS" || moment === "EHLO2",
    maxMessages: moment === "QUIT" ? 1 : 0,
    ...(kind === "silent" ? { timeout: 300 } : {}),
  };
}

/** Runs so many at once: most of the time each waits for the other side. */
async function eachOf(
  cells: readonly HopCell[],
  run: (cell: HopCell) => Promise<readonly string[]>,
): Promise<string[]> {
  const complaints: string[] = [];
  // Those that wait for time to pass first: together they wait for little.
  const rest = cells.toSorted((a, b) => Number(b.kind === "silent") - Number(a.kind === "silent")).values();
  const worker = async () => {
    for (const item of rest) complaints.push(...(await run(item)));
  };
  await Promise.all(Array.from({ length: 64 }, worker));
  return complaints;
}

/** STARTTLS is for SMTP over TCP. */
function cellsFor({ lmtp }: Mode): readonly HopCell[] {
  return hopCells().filter(({ moment }) => !lmtp || (moment !== "STARTTLS" && moment !== "EHLO2"));
}

test("the table has a row for every kind and a column for every moment", () => {
  const wanted = MOMENTS.flatMap((moment: Moment) => ANSWER_KINDS.map((kind: AnswerKind) => `${moment} ${kind}`));
  expect([...fates.keys()].toSorted()).toEqual(wanted.toSorted());
});

describe.each(MODES.map((mode) => ({ name: modeName(mode), mode })))("a single host ($name)", ({ mode }) => {
  test("takes what it has answered 2xx to at the end of the message, and the next message is in step", async () => {
    const complaints = await eachOf(cellsFor(mode), async (cell) => {
      const result = await trial({ ...optionsFor(cell, mode), scripts: [scriptOf(cell)], messages: [FIRST, SECOND] });
      const [first, second] = result.fates;
      const wanted = expected(cell, mode);
      const faults = [...result.faults];
      if (!fits(first, wanted)) faults.push(`is ${first} and not ${wanted}`);
      const fair = cell.kind !== "silent" && cell.name !== "RSET: early";
      if (second !== "ss" && fair) faults.push(`the next message is ${second}`);
      return faults.map((fault) => `${cell.name}: ${fault}`);
    });
    expect(complaints).toEqual([]);
  });
});

describe.each(MODES.map((mode) => ({ name: modeName(mode), mode })))("the first of two hosts ($name)", ({ mode }) => {
  test("leaves to the second whom it has neither taken nor refused", async () => {
    const cells = cellsFor(mode).filter(({ moment }) => moment !== "RSET" && moment !== "QUIT");
    const complaints = await eachOf(cells, async (cell) => {
      const result = await trial({
        ...optionsFor(cell, mode),
        scripts: [scriptOf(cell), undefined],
        messages: [FIRST],
      });
      const faults = [...result.faults];
      const [fate] = result.fates;
      const alone = expected(cell, mode);
      // A host that does not want to talk at all has refused nobody.
      const refuses = cell.moment !== "greeting" && cell.moment !== "EHLO" && cell.moment !== "EHLO2";
      const wanted = refuses ? alone.replaceAll("l", "s") : alone.replaceAll(/[ln]/g, "s");
      if (cell.kind !== "silent" && !fits(fate, wanted)) faults.push(`is ${fate} and not ${wanted}`);
      const asked = new Set(result.hops[1].asked);
      FIRST.users.forEach((user, at) => {
        const left = alone[at] === "l" || (alone[at] === "n" && !refuses);
        if (alone[at] !== "?" && asked.has(user) !== left)
          faults.push(`${user} was ${left ? "not " : ""}asked elsewhere`);
      });
      return faults.map((fault) => `${cell.name}: ${fault}`);
    });
    expect(complaints).toEqual([]);
  });
});
