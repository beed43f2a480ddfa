import { describe, expect, test } from "@jest/globals";
import { FairQuestions } from "../../../src/authentication/fair-resolver.ts";
import type { DnsAnswer, Resolver } from "../../../src/dns/resolver.ts";
import { ManualClock } from "../../support/manual-clock.ts";

const FOUND: DnsAnswer = { kind: "nxdomain" };
const TIME = 20_000;

/** Answers when told to; names with "known" at once. */
function slowResolver() {
  const asked: string[] = [];
  const open: { readonly name: string; readonly answer: (answer: DnsAnswer) => void }[] = [];
  const resolver: Resolver = {
    query(name) {
      asked.push(name);
      if (name.startsWith("known")) return FOUND;
      return new Promise((answer) => open.push({ name, answer }));
    },
  };
  return { resolver, asked, open };
}

/** Until nothing happens any more by itself. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

function setUp() {
  const slow = slowResolver();
  const clock = new ManualClock();
  const fair = new FairQuestions(clock);
  const ask = (address: string, names: readonly string[]) =>
    Promise.all(names.map(async (name) => fair.share(slow.resolver, address, TIME).query(name, "TXT")));
  return { ...slow, clock, fair, ask };
}

function numbered(count: number, prefix = "n"): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}${i}.test`);
}

describe("FairQuestions", () => {
  test("a client whose questions nobody answers waits for itself alone", async () => {
    const { ask, asked } = setUp();
    void ask("192.0.2.66", numbered(200, "slow"));
    expect(asked).toHaveLength(16);
    expect(await ask("192.0.2.7", ["known.test"])).toEqual([FOUND]);
    void ask("192.0.2.7", ["other.test"]);
    expect(asked).toHaveLength(18);
    await settled();
    expect(asked).toHaveLength(18);
  });

  test("many such clients leave a part of the resolver to others, and the first question of each further client is asked", async () => {
    const { ask, asked } = setUp();
    for (let client = 0; client < 50; client++) void ask(`192.0.2.${client}`, numbered(60, `c${client}-`));
    expect(asked).toHaveLength(128 + 42);
    void ask("198.51.100.1", numbered(2, "other"));
    await settled();
    expect(asked.slice(170)).toEqual(["other0.test"]);
    for (let client = 0; client < 100; client++) void ask(`203.0.113.${client}`, numbered(2, `d${client}-`));
    expect(asked).toHaveLength(192);
  });

  test("a network of IPv6 is one client", () => {
    const { ask, asked } = setUp();
    for (let host = 0; host < 50; host++) void ask(`2001:db8::${host.toString(16)}`, numbered(2, `h${host}-`));
    void ask("2001:db8:0:1::1", ["other.test"]);
    expect(asked).toHaveLength(17);
  });

  test("what waits is asked in its turn, and answered", async () => {
    const { ask, asked, open, fair } = setUp();
    const answers = ask("192.0.2.66", numbered(40));
    const other = ask("192.0.2.7", ["other.test"]);
    while (open.length > 0) {
      open.shift()!.answer(FOUND);
      await settled();
    }
    expect(await answers).toEqual(numbered(40).map(() => FOUND));
    expect(await other).toEqual([FOUND]);
    expect(asked).toHaveLength(41);
    expect(fair.clients).toBe(0);
  });

  test("what the cache knows by then does not keep others waiting", async () => {
    const { ask, open, fair } = setUp();
    const answers = ask("192.0.2.66", [...numbered(16), ...numbered(5, "known"), "last.test"]);
    open.shift()!.answer(FOUND);
    await settled();
    expect(open.at(-1)?.name).toBe("last.test");
    for (const { answer } of open) answer(FOUND);
    await answers;
    await settled();
    expect(fair.clients).toBe(0);
  });

  test("a line has an end, and nobody is asked for whom it is too late", async () => {
    const { ask, asked, open, clock, fair } = setUp();
    const answers = ask("192.0.2.66", numbered(16 + 256));
    expect(await ask("192.0.2.66", ["more.test"])).toMatchObject([{ kind: "tempfail" }]);
    clock.advance(TIME);
    for (const { answer } of open.splice(0)) answer(FOUND);
    expect((await answers).filter(({ kind }) => kind === "tempfail")).toHaveLength(256);
    await settled();
    expect(asked).toHaveLength(16);
    expect(fair.clients).toBe(0);
  });
});
