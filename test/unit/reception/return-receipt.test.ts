import { expect, test } from "@jest/globals";
import type { Recipient } from "../../../src/envelope/recipient.ts";
import { askForReceipts } from "../../../src/reception/return-receipt.ts";

const FIELD = { name: "return-receipt-to", value: " other@b.test" };
const SUBJECT = { name: "Subject", value: " x" };
const recipients = [
  { given: "joe@a.test", state: "todo" },
  { given: "ann@a.test", state: "todo", notify: ["NEVER"] },
] as const satisfies Recipient[];

test("Return-Receipt-To: asks for word of success, unless NOTIFY= has said something else, and goes no further", () => {
  expect(askForReceipts([FIELD, SUBJECT], [...recipients])).toEqual({
    fields: [SUBJECT],
    recipients: [{ ...recipients[0], notify: ["SUCCESS", "FAILURE", "DELAY"] }, recipients[1]],
  });
});

test("a message without it asks for nothing", () => {
  expect(askForReceipts([SUBJECT], [...recipients])).toEqual({ fields: [SUBJECT], recipients });
});
