/** Five days of a destination that fails, comes and goes, or recovers: attempts, warnings and returns, as configured. */
import { afterEach, describe, expect, test } from "@jest/globals";
import { MINUTE, SimulatedQueue } from "../../support/simulated-queue.ts";

let queue: SimulatedQueue;
afterEach(() => queue.stop());

const DAY = 24 * 60;
const sent = { action: "relayed", status: "2.0.0", text: "Sent" } as const;
const WARNED = "Warning: could not send message for past";
const RETURNED = "Returned mail: see transcript for details";
const every = (minutes: number, until: number): number[] =>
  Array.from({ length: Math.floor(until / minutes) + 1 }, (_, count) => count * minutes);

/** The hosts of senders take their reports. */
const unlessSender =
  (answer: (minute: number) => object) =>
  (host: string, minute: number): object =>
    host === "far.test" ? answer(minute) : sent;

/** The configuration, the minute of the return, those of the attempts, and the warnings. */
const failing: Readonly<
  Record<string, readonly [cf: string, tried: readonly number[], reports: readonly string[], more?: object]>
> = {
  "by default a return after five days, and no warning": ["", every(30, 5 * DAY + 30), [`7230 ${RETURNED}`]],
  "a warning after four hours": [
    "O Timeout.queuewarn=4h",
    every(30, 5 * DAY + 30),
    [`270 ${WARNED} 4 hours`, `7230 ${RETURNED}`],
  ],
  "an urgent message": [
    "O Timeout.queuewarn=4h\nO Timeout.queuewarn.urgent=1h\nO Timeout.queuereturn.urgent=2d",
    every(30, 2 * DAY + 30),
    [`90 ${WARNED} 1 hour`, `2910 ${RETURNED}`],
    { headers: [{ name: "Priority", value: " Urgent" }] },
  ],
  "one that is not urgent": [
    "O Timeout.queuewarn=4h\nO Timeout.queuewarn.non-urgent=12h\nO Timeout.queuereturn.non-urgent=4d",
    every(30, 4 * DAY + 30),
    [`750 ${WARNED} 12 hours`, `5790 ${RETURNED}`],
    { headers: [{ name: "priority", value: " non-urgent" }] },
  ],
  "a report, whose loss goes to postmaster": [
    "O Timeout.queuewarn=4h\nO Timeout.queuewarn.dsn=0\nO Timeout.queuereturn.dsn=1d\nO DoubleBounceAddress=",
    every(30, DAY + 30),
    [],
    { isReport: true, sender: "" },
  ],
  "MaxQueueAge: as long again as it has waited, up to it": [
    "O MinQueueAge=1h\nO MaxQueueAge=8h",
    [0, 60, 120, 240, 480, 960, ...every(480, 5 * DAY + 480 - 1440).map((minute) => minute + 1440)],
    [`7680 ${RETURNED}`],
  ],
  MinQueueAge: ["O MinQueueAge=2h", every(120, 5 * DAY + 120), [`7320 ${RETURNED}`]],
};

describe("a destination that always fails", () => {
  test.each(Object.entries(failing))("%s", async (_, [cf, tried, reports, more]) => {
    queue = await SimulatedQueue.of({ cf, interval: 30 * MINUTE, answer: unlessSender(() => ({})) });
    await queue.put("mail", ["x@far.test"], more);
    await queue.wait(5 * DAY + 500, 5);
    expect(queue.minutes("mail")).toEqual(tried);
    expect(queue.reports).toEqual(reports.map((each) => `${each} (anna@a.test)`));
    expect(queue.store.list()).toEqual([]);
  });

  test("RetryFactor lets new mail go before old", async () => {
    queue = await SimulatedQueue.of({ interval: 30 * MINUTE, answer: unlessSender(() => ({})) });
    const { priority } = await queue.put("mail", ["x@far.test"]);
    await queue.wait(95, 5);
    expect(queue.store.list()[0]).toMatchObject({ attempts: 4, priority: priority + 4 * 90_000 });
  });
});

test("a destination that recovers in time: its mail goes, its sender has been warned once, and nothing comes back", async () => {
  const answer = unlessSender((minute) => (minute >= 3 * DAY ? sent : {}));
  queue = await SimulatedQueue.of({ cf: "O Timeout.queuewarn=4h", interval: 60 * MINUTE, answer });
  await queue.put("early", ["x@far.test"]);
  await queue.wait(2 * DAY, 5);
  await queue.put("late", ["y@far.test"]);
  await queue.wait(3 * DAY + 60, 5);
  expect(queue.minutes("early")).toEqual(every(60, 3 * DAY));
  expect(queue.minutes("late")).toEqual(every(60, DAY).map((minute) => minute + 2 * DAY));
  expect(queue.reports).toEqual([
    `300 ${WARNED} 4 hours (anna@a.test)`,
    `${2 * DAY + 300} ${WARNED} 4 hours (anna@a.test)`,
  ]);
  expect(queue.store.list()).toEqual([]);
});

/** It takes mail for ten minutes in each three hours, and one recipient in three each time. */
function flapping(minute: number, user: string): boolean {
  return minute % 180 < 10 && Math.floor(minute / 180) % 3 === user.length % 3;
}

test("a destination that comes and goes gets each recipient's message once", async () => {
  const got: string[] = [];
  const answer = (
    host: string,
    minute: number,
    job: { recipients: readonly { recipient: { given: string } }[] },
  ): object => {
    const [{ recipient }] = job.recipients;
    if (host !== "far.test" || !flapping(minute, recipient.given.split("@")[0])) return host === "far.test" ? {} : sent;
    got.push(...job.recipients.map((each) => each.recipient.given));
    return sent;
  };
  const cf = "O Timeout.queuewarn=4h";
  queue = await SimulatedQueue.of({ cf, interval: 20 * MINUTE, answer });
  for (let hour = 0; hour < 48; hour++) {
    await queue.put(`m${hour}`, [`${"u".repeat(1 + (hour % 9))}.${hour}@far.test`]);
    await queue.wait(60, 5);
  }
  await queue.wait(3 * DAY, 5);
  expect(new Set(got).size).toBe(48);
  expect(got).toHaveLength(48);
  expect(queue.reports.every((report) => report.includes(WARNED))).toBe(true);
  expect(queue.store.list()).toEqual([]);
});
