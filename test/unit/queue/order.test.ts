import { expect, test } from "@jest/globals";
import { initialPriority, standardFactors } from "../../../src/queue/order.ts";
import { envelope, recipient } from "../../support/queue-samples.ts";

test("initialPriority() adds size and recipients, takes off the class", () => {
  const headers = [{ name: "Subject", value: " x" }];
  const message = envelope("a", {
    headers,
    bodySize: 100,
    messageClass: 2,
    recipients: [recipient("a"), recipient("b")],
  });
  expect(initialPriority(message, standardFactors)).toBe(12 + 100 - 3600 + 60_000);
});
