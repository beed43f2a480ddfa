import { expect, test } from "@jest/globals";
import { ErrorAgent } from "../../../src/delivery/error-agent.ts";
import { systemClock } from "../../../src/sys/clock.ts";
import { testJob, testMailer } from "../../support/delivery-job.ts";

test.each([
  ["5.1.1", '"550 User unknown"', "failed 5.1.1 User unknown"],
  ["nouser", "550 User unknown", "failed 5.1.1 User unknown"],
  ["nouser", "", "failed 5.1.1 User unknown"],
  ["tempfail", "try later", "delayed 4.0.0 Deferred: try later"],
  ["4.2.1", "451 4.2.1 mailbox moving", "delayed 4.2.1 Deferred: mailbox moving"],
  ["", "550 5.7.1 Access denied", "failed 5.7.1 Access denied"],
  ["67", "no such person", "failed 5.1.1 no such person"],
  ["5.7.1", "451 greylisted", "delayed 4.0.0 Deferred: greylisted"],
  ["", "just no", "failed 5.0.0 just no"],
  ["", "", "failed 5.0.0 Service unavailable"],
])("$#error $@ %s $: %s is %j", async (host, user, expected) => {
  const mailer = testMailer({ name: "error", path: "[ERROR]" });
  const { statuses } = await new ErrorAgent(systemClock).deliver(testJob({ mailer, host, users: [user] }));
  const { action, status, text } = statuses.get(0) ?? {};
  expect(`${action} ${status} ${text}`).toBe(expected);
});
