import { expect, test } from "@jest/globals";
import { connectTime } from "../../../../src/delivery/smtp/connecting.ts";
import { testOptions } from "../../../support/delivery-job.ts";

test.each([
  [7, 30, true, 7],
  [7, 30, false, 30],
  [0, 30, true, 30],
  [7, 0, false, 120_000],
  [0, 0, true, 120_000],
])("Timeout.iconnect %d, Timeout.connect %d, first attempt %p: %d", (iconnect, connect, isFirst, wanted) => {
  const options = testOptions({ "Timeout.iconnect": iconnect, "Timeout.connect": connect });
  expect(connectTime(options, isFirst)).toBe(wanted);
});
