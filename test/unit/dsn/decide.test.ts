import { describe, expect, test } from "@jest/globals";
import { decideReports, type Outcomes, type ReportedRecipient, type ReportPolicy } from "../../../src/dsn/decide.ts";
import type { Envelope } from "../../../src/envelope/envelope.ts";
import type { Recipient } from "../../../src/envelope/recipient.ts";
import type { Action, RecipientStatus } from "../../../src/envelope/status.ts";

const POLICY: ReportPolicy = {
  doubleBounceAddress: "postmaster",
  postmasterCopy: "",
  noReceipts: false,
  noBodyReturn: false,
};

function envelope(changes: Partial<Envelope> = {}): Envelope {
  return {
    id: "5AK",
    sender: "joe@a.test",
    recipients: [],
    headers: [],
    bodySize: 1,
    eightBit: false,
    smtputf8: false,
    arrived: 0,
    macros: {},
    isReport: false,
    messageClass: 0,
    ...changes,
  };
}

function outcome(
  action: Action,
  given: string,
  recipient: Partial<Recipient> = {},
  more: Partial<RecipientStatus> = {},
) {
  const status: RecipientStatus = {
    action,
    status: action === "failed" ? "5.1.1" : "2.0.0",
    text: "x",
    at: 0,
    ...more,
  };
  const reported: ReportedRecipient = { index: 0, recipient: { given, state: "todo", ...recipient }, status };
  return reported;
}

/** "who <- kind: what": one line for each report. */
function plans(of: Envelope, all: readonly ReportedRecipient[], policy: Partial<ReportPolicy> = {}): string[] {
  const outcomes: Outcomes = {
    failed: all.filter(({ status }) => status.action === "failed"),
    delayed: all.filter(({ status }) => status.action === "delayed"),
    delivered: all.filter(({ status }) => !["failed", "delayed"].includes(status.action)),
  };
  return decideReports(of, outcomes, { ...POLICY, ...policy }).plans.map((plan) => {
    const what = [...plan.failed, ...plan.delayed, ...plan.delivered].map(
      ({ recipient, status }) => `${status.action} ${recipient.given}`,
    );
    return `${plan.to.join("+")} <- ${plan.kind}${plan.headersOnly ? " (header)" : ""}: ${what.join(", ")}`;
  });
}

describe("the sender", () => {
  test("hears of failures and delays together, not of success", () => {
    const all = [outcome("failed", "x"), outcome("delayed", "y"), outcome("delivered", "z")];
    expect(plans(envelope(), all)).toEqual(["joe@a.test <- notice: failed x, delayed y"]);
  });

  test("of a message with REQUIRETLS gets the header alone (RFC 8689 §5)", () => {
    const all = [outcome("failed", "x")];
    expect(plans(envelope({ requireTls: true }), all)).toEqual(["joe@a.test <- notice (header): failed x"]);
  });

  test("hears of nothing when all went well", () => {
    expect(plans(envelope(), [outcome("delivered", "z"), outcome("relayed", "y")])).toEqual([]);
  });

  test("hears what NOTIFY= asks for", () => {
    const never = { notify: ["NEVER"] } as const;
    const all = [outcome("failed", "x", never), outcome("delayed", "y", never), outcome("delivered", "z", never)];
    expect(plans(envelope(), all)).toEqual([]);
    const success = { notify: ["SUCCESS"] } as const;
    const wished = [
      outcome("failed", "x", success),
      outcome("delayed", "y", success),
      outcome("relayed", "z", success),
    ];
    expect(plans(envelope(), wished)).toEqual(["joe@a.test <- notice (header): relayed z"]);
    expect(plans(envelope(), [outcome("delayed", "y", { notify: ["FAILURE"] })])).toEqual([]);
  });

  test("hears of success from the next host when that has taken it over, and never with noreceipts", () => {
    const success = { notify: ["SUCCESS"] } as const;
    expect(plans(envelope(), [outcome("relayed", "z", success, { passedOn: true })])).toEqual([]);
    expect(plans(envelope(), [outcome("delivered", "z", success)], { noReceipts: true })).toEqual([]);
  });

  test("gets the whole message back unless it does not want it or it is bulk mail", () => {
    const failed = [outcome("failed", "x")];
    expect(plans(envelope({ ret: "FULL" }), failed)).toEqual(["joe@a.test <- notice: failed x"]);
    const header = ["joe@a.test <- notice (header): failed x"];
    expect(plans(envelope({ ret: "HDRS" }), failed)).toEqual(header);
    expect(plans(envelope({ messageClass: -60 }), failed)).toEqual(header);
    expect(plans(envelope(), failed, { noBodyReturn: true })).toEqual(header);
    // Nothing failed: what is still on its way is not sent back (RFC 3461 §4.3).
    expect(plans(envelope({ ret: "FULL" }), [outcome("delayed", "x")])).toEqual([
      "joe@a.test <- notice (header): delayed x",
    ]);
  });

  test("is replaced by Errors-To: for failures", () => {
    expect(plans(envelope(), [outcome("failed", "x")], { errorsTo: ["e@a.test", "f@a.test"] })).toEqual([
      "e@a.test+f@a.test <- notice: failed x",
    ]);
  });
});

describe("a list's owner", () => {
  test("hears of the members instead of the sender", () => {
    const owner = { owner: "owner-list@b.test" };
    const all = [outcome("failed", "x", owner), outcome("failed", "y")];
    expect(plans(envelope(), all)).toEqual(["owner-list@b.test <- notice: failed x", "joe@a.test <- notice: failed y"]);
  });

  test("is not bothered with delays, nor is a sender that is a program", () => {
    expect(plans(envelope(), [outcome("delayed", "x", { owner: "owner-list@b.test" })])).toEqual([]);
    expect(plans(envelope({ sender: "list-request@b.test" }), [outcome("delayed", "x")])).toEqual([]);
    expect(plans(envelope({ messageClass: -30 }), [outcome("delayed", "x")])).toEqual([]);
  });
});

describe("reports that fail", () => {
  const report = envelope({ sender: "", isReport: true, recipients: [{ given: "joe@a.test", state: "failed" }] });

  test("go to DoubleBounceAddress, once", () => {
    expect(plans(report, [outcome("failed", "joe@a.test", { notify: ["NEVER"] })])).toEqual([
      "postmaster <- double-bounce: failed joe@a.test",
    ]);
    const second = envelope({ sender: "", isReport: true, recipients: [{ given: "Postmaster", state: "failed" }] });
    expect(plans(second, [outcome("failed", "Postmaster")])).toEqual([]);
    expect(plans(report, [outcome("failed", "joe@a.test")], { doubleBounceAddress: "" })).toEqual([]);
  });

  test("never give rise to warnings or receipts", () => {
    const success = { notify: ["SUCCESS", "DELAY"] } as const;
    expect(plans(report, [outcome("delayed", "x"), outcome("delivered", "y", success)])).toEqual([]);
  });

  test("mail of others with the null reverse-path is treated like a report", () => {
    expect(plans(envelope({ sender: "" }), [outcome("failed", "x")])).toEqual([
      "postmaster <- double-bounce: failed x",
    ]);
    expect(plans(envelope({ sender: "" }), [outcome("delayed", "x")])).toEqual([]);
  });
});

test("PostmasterCopy gets the header of everything that failed, but none about reports", () => {
  const policy = { postmasterCopy: "pm@a.test" };
  expect(plans(envelope(), [outcome("failed", "x"), outcome("delayed", "y")], policy)).toEqual([
    "joe@a.test <- notice: failed x, delayed y",
    "pm@a.test <- postmaster-copy (header): failed x",
  ]);
  const own = envelope({ sender: "", isReport: true, recipients: [{ given: "pm@a.test", state: "failed" }] });
  expect(plans(own, [outcome("failed", "pm@a.test")], policy)).toEqual([
    "postmaster <- double-bounce: failed pm@a.test",
  ]);
});
