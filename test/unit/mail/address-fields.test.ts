import { expect, test } from "@jest/globals";
import { addressRole, holdsAddresses } from "../../../src/mail/address-fields.ts";

test("roles do not depend on letter case", () => {
  expect([addressRole("FROM"), addressRole("Resent-Cc"), addressRole("Subject")]).toEqual([
    "sender",
    "recipient",
    undefined,
  ]);
});

test("more fields hold addresses than are rewritten", () => {
  const names = ["To", "Resent-From", "Mail-Followup-To", "X-Original-To", "Errors-To", "BCC", "Apparently-From"];
  expect(names.filter((name) => !holdsAddresses(name))).toEqual([]);
  const others = ["Subject", "In-Reply-To", "References", "Received", "DKIM-Signature", "Into", "Message-ID", "To-Do"];
  expect(others.filter(holdsAddresses)).toEqual([]);
});
