import { describe, expect, test } from "@jest/globals";
import type { Config, Options } from "../../../src/config/config.ts";
import { decide } from "../../../src/dispatch/settle.ts";
import type { Envelope } from "../../../src/envelope/envelope.ts";
import type { RecipientStatus } from "../../../src/envelope/status.ts";
import type { QueueEntry } from "../../../src/queue/queue.ts";

const hour = 3_600_000;
const timeouts: Record<string, number> = {
  "queuereturn.normal": 120 * hour,
  "queuewarn.normal": 4 * hour,
  "queuereturn.urgent": 2 * hour,
  "queuewarn.urgent": hour,
  "queuereturn.dsn": 10 * hour,
  "queuewarn.dsn": 0,
};
const options = { timeout: (name: string) => timeouts[name] ?? 0 } as Options;
const config = { options } as Config;

function entry(changes: Partial<Envelope> = {}): QueueEntry {
  const recipients = ["a", "b", "c"].map((given) => ({ given, state: "todo" as const }));
  const envelope = { id: "x", arrived: 0, recipients, headers: [], isReport: false, ...changes } as unknown as Envelope;
  return { id: "x", envelope, group: "mqueue", priority: 0, attempts: 1, nextTry: 0 };
}

function status(action: RecipientStatus["action"]): RecipientStatus {
  return { action, status: action === "failed" ? "5.1.1" : "4.4.1", text: "text", at: 0 };
}

describe("decide()", () => {
  test("sorts outcomes into done, failed and later", () => {
    const statuses = new Map([
      [0, status("relayed")],
      [1, status("failed")],
      [2, status("delayed")],
    ]);
    const settlement = decide(config, entry(), statuses, hour);
    expect(settlement.changes.map(({ index, state }) => [index, state])).toEqual([
      [0, "delivered"],
      [1, "failed"],
      [2, "deferred"],
    ]);
    expect(settlement.unfinished).toBe(true);
    expect(settlement.failed.map(({ index }) => index)).toEqual([1]);
    expect(settlement.delayed).toEqual([]);
  });

  test("warns once when a message has waited longer than Timeout.queuewarn", () => {
    const delayed = new Map([[0, status("delayed")]]);
    expect(decide(config, entry(), delayed, 3 * hour).warnedAt).toBeUndefined();
    const late = decide(config, entry(), delayed, 5 * hour);
    expect(late.warnedAt).toBe(5 * hour);
    expect(late.delayed.map(({ index }) => index)).toEqual([0]);
    expect(decide(config, entry({ warnedAt: hour }), delayed, 6 * hour).delayed).toEqual([]);
  });

  test("gives up after Timeout.queuereturn with 4.4.7", () => {
    const settlement = decide(config, entry(), new Map([[0, status("delayed")]]), 121 * hour);
    expect(settlement.failed[0].status).toMatchObject({ action: "failed", status: "4.4.7" });
    expect(settlement.failed[0].status.text).toContain("5 days");
    expect(settlement.unfinished).toBe(false);
  });

  test("uses the timeouts of the message's urgency, and those of reports", () => {
    const delayed = new Map([[0, status("delayed")]]);
    const urgent = entry({ headers: [{ name: "Priority", value: " Urgent" }] });
    expect(decide(config, urgent, delayed, 3 * hour).failed).toHaveLength(1);
    expect(decide(config, entry({ isReport: true }), delayed, 9 * hour).warnedAt).toBeUndefined();
    expect(decide(config, entry({ isReport: true }), delayed, 11 * hour).failed).toHaveLength(1);
  });

  test("what came of earlier attempts goes with a delay and with the failure it ends in, not with success", () => {
    const before = { ...status("delayed"), text: "Connection refused", times: 3, since: -5 };
    const recipients = [{ given: "a", state: "deferred" as const, status: before }];
    const outcome = (action: RecipientStatus["action"], now: number) =>
      decide(config, entry({ recipients }), new Map([[0, status(action)]]), now).changes[0].status;
    const earlier = [{ since: -5, at: 0, times: 3, text: "Connection refused" }];
    expect(outcome("delayed", hour)).toEqual({ ...status("delayed"), earlier });
    expect(outcome("delayed", 121 * hour)).toMatchObject({ action: "failed", earlier });
    expect(outcome("relayed", hour)).toEqual(status("relayed"));
  });
});
