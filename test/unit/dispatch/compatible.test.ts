/**
 * check_compat: the words that it is asked about, the macros that it sees, and what becomes of a recipient. A genuine sendmail
 * 8.17 was asked the same: its lines stand here, but for quotes and the status of a report, which is that of the rule here.
 */
import { afterEach, expect, test } from "@jest/globals";
import { MINUTE, SimulatedQueue } from "../../support/simulated-queue.ts";

let queue: SimulatedQueue;
afterEach(() => queue.stop());

const RULES = `Scheck_compat
R$* $| $* e550 $*	$#error $@ 5.7.1 $: "550 not compatible"
R$* $| $* e450 $*	$#error $@ 4.7.1 $: "450 not now"
R$* $| $* unavail $*	$#error $@ UNAVAILABLE $: "pair not allowed"
R$* $| $* tempfail $*	$#error $@ TEMPFAIL $: "pair later"
R$* $| $* gone $*	$#discard $: gone
R$* $| $* held $*	$#error $@ quarantine $: "held"
R$* $| $* show $*	$#error $@ 5.7.1 $: "550 " f=$&f client=$&{client_addr} i=$&i n=$&{nrcpts} tries=$&{ntries}
R<> $| $* never $*	$#error $@ 5.7.1 $: "550 no reports"`;

function isReport(host: string): object {
  return host === "a.test" ? { action: "relayed", status: "2.0.0", text: "Sent" } : {};
}

async function sent(to: readonly string[], more: object = {}) {
  const lines: string[] = [];
  const log = {
    enabled: (level: number) => level <= 9,
    write: (_level: number, { text }: { text: string }) => void lines.push(text),
  };
  const served = { action: "relayed", status: "2.0.0", text: "Sent" } as const;
  queue = await SimulatedQueue.of({
    cf: RULES,
    log,
    interval: 30 * MINUTE,
    answer: (host) => (host === "far.test" ? served : isReport(host)),
  });
  await queue.put("mail", to, more);
  await queue.settled();
  const rulesets = lines.filter((line) => line.startsWith("ruleset="));
  const delivered = queue.tried.filter(({ subject }) => subject === "mail").flatMap((each) => each.to);
  return { rulesets, served: delivered, reports: queue.reports, waiting: queue.store.list() };
}

const LOGGED = "ruleset=check_compat, arg1=<anna@a.test>, arg2=";

test.each([
  ["e550", "reject=550 5.7.1 <e550@far.test>... not compatible"],
  ["unavail", "reject=553 5.3.0 <unavail@far.test>... pair not allowed"],
])("a recipient that is refused comes back to the sender, others are served (%s)", async (user, outcome) => {
  const { rulesets, served, reports, waiting } = await sent([`${user}@far.test`, "ann@far.test"]);
  expect(rulesets).toEqual([`${LOGGED}<${user}@far.test>, relay=x.test [192.0.2.1], ${outcome}`]);
  expect(served).toEqual(["ann@far.test"]);
  expect(reports).toEqual(["0 Returned mail: see transcript for details (anna@a.test)"]);
  expect(waiting).toEqual([]);
});

test.each([
  ["e450", "reject=450 4.7.1 <e450@far.test>... not now"],
  ["tempfail", "reject=451 4.0.0 pair later"],
])("one that is deferred waits, and is asked about again at the next attempt (%s)", async (user, outcome) => {
  const { rulesets, served, waiting } = await sent([`${user}@far.test`, "ann@far.test"]);
  const line = `${LOGGED}<${user}@far.test>, relay=x.test [192.0.2.1], ${outcome}`;
  expect([rulesets, served]).toEqual([[line], ["ann@far.test"]]);
  expect(waiting.map(({ envelope }) => envelope.recipients.map(({ state }) => state))).toEqual([
    ["deferred", "delivered"],
  ]);
  await queue.wait(35);
  expect(queue.tried.filter(({ subject }) => subject === "mail")).toHaveLength(1);
  expect(queue.store.list().map(({ attempts }) => attempts)).toEqual([2]);
});

test("one that is discarded is gone without a word", async () => {
  const { rulesets, served, reports, waiting } = await sent(["gone@far.test", "ann@far.test"]);
  expect(rulesets).toEqual([`${LOGGED}<gone@far.test>, relay=x.test [192.0.2.1], discard`]);
  expect([served, reports, waiting]).toEqual([["ann@far.test"], [], []]);
});

test("a message all of whose recipients are discarded is gone", async () => {
  const { served, reports, waiting } = await sent(["gone@far.test"]);
  expect([served, reports, waiting]).toEqual([[], [], []]);
});

test("quarantine comes too late: it is written down, and the recipient is served", async () => {
  const { rulesets, served } = await sent(["held@far.test"]);
  expect(rulesets).toEqual([`${LOGGED}<held@far.test>, relay=x.test [192.0.2.1], quarantine=held`]);
  expect(served).toEqual(["held@far.test"]);
});

test("the macros of the message are there", async () => {
  const { rulesets } = await sent(["show@far.test", "ann@far.test"]);
  expect(rulesets[0]).toMatch(/\.\.\. f= anna@a\.test client= 192\.0\.2\.1 i= \w{14} n= 2 tries= 0$/);
});

test("the null sender is <>", async () => {
  const { served } = await sent(["never@far.test", "ann@far.test"], { sender: "" });
  expect(served).toEqual(["ann@far.test"]);
});
