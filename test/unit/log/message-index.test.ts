import { describe, expect, test } from "@jest/globals";
import { hasEnded, type LoggedMessage, MessageIndex } from "../../../src/log/message-index.ts";
import { TopCounts } from "../../../src/log/top-counts.ts";
import { readFacts } from "../../../src/log/read-facts.ts";

function indexed(limits?: { recent: number; waiting: number }) {
  const given: LoggedMessage[] = [];
  const index = new MessageIndex((message) => void given.push(message), limits);
  let time = 0;
  const add = (id: string | undefined, text: string) =>
    index.add(
      { origin: { time: time++, host: "m", program: "s" }, ...(id !== undefined && { id }), text, line: text },
      readFacts(text),
    );
  return { given, index, add };
}

const FROM = "from=<a@b>, size=1, class=0, nrcpts=1, relay=x";
const to = (stat: string, dsn: string) =>
  `to=<c@d>, delay=00:00:01, xdelay=00:00:01, mailer=esmtp, pri=1, dsn=${dsn}, stat=${stat}`;

describe("MessageIndex", () => {
  test("joins the lines of a message, and counts attempts", () => {
    const { add } = indexed();
    add("A1", FROM);
    const waiting = add("A1", to("Deferred: no", "4.0.0"))!;
    expect(hasEnded(waiting)).toBe(false);
    const sent = add("A1", to("Sent", "2.0.0"))!;
    expect(hasEnded(sent)).toBe(true);
    expect(sent.recipients.get("c@d")).toMatchObject({ attempts: 2, last: { outcome: "sent" } });
    expect(sent).toMatchObject({ first: 0, last: 2, from: { from: "a@b" } });
  });

  test("is bounded: what has ended goes first, what waits is kept longer", () => {
    const { add, given, index } = indexed({ recent: 2, waiting: 2 });
    const ids = () => given.map(({ id }) => id);
    add("WAITS1", FROM);
    for (const id of ["B1", "B2", "B3", "B4", "B5"]) {
      add(id, FROM);
      add(id, to("Sent", "2.0.0"));
    }
    // A generation is three: WAITS1, B1 and B2 were looked at when B5 came.
    expect(ids()).toEqual(["B1", "B2"]);
    expect(add("WAITS1", to("Deferred: no", "4.0.0"))).toMatchObject({ first: 0, from: { from: "a@b" } });
    for (const id of ["W2", "W3", "W4", "W5", "W6", "W7"]) add(id, FROM);
    expect(ids()).toEqual(["B1", "B2", "B3", "B4", "B5", "WAITS1", "W2"]);
    index.end();
    expect(ids().slice(7)).toEqual(["W3", "W4", "W5", "W6", "W7"]);
  });

  test("a refusal before there is a message is one of its own", () => {
    const { add, given, index } = indexed();
    const refused = "ruleset=check_relay, arg1=h, arg2=192.0.2.1, relay=h [192.0.2.1], reject=550 5.7.1 Access denied";
    add(undefined, refused);
    add(undefined, refused);
    expect(add(undefined, "starting daemon")).toBeUndefined();
    index.end();
    expect(given).toHaveLength(2);
    expect(given[0].refusals).toMatchObject([{ by: "check_relay", about: "h 192.0.2.1", verdict: "reject" }]);
  });

  test("a message whose recipients went to copies has ended with those that it kept", () => {
    const { add } = indexed();
    add("C1", FROM.replace("nrcpts=1", "nrcpts=5"));
    add("C1", "split: group=slow, nrcpts=4, newid=5AKJ3Crx012346");
    expect(hasEnded(add("C1", to("Sent", "2.0.0"))!)).toBe(true);
  });
});

test("TopCounts forgets the rarest names, and says so", () => {
  const counts = new TopCounts(4);
  for (const name of ["a", "b", "a", "c", "b", "a", "d"]) counts.add(name);
  expect(counts.isRough).toBe(false);
  expect(counts.top(2)).toEqual([{ name: "a", count: 3 }, { name: "b", count: 2 }]); // prettier-ignore
  counts.add("e");
  expect(counts.isRough).toBe(true);
  expect(counts.top(9)).toEqual([{ name: "a", count: 3 }, { name: "b", count: 2 }]); // prettier-ignore
});
