import { expect, test } from "@jest/globals";
import { fromFailure, fromReply, onOneLine, replyCodes } from "../../../../src/delivery/smtp/reply-status.ts";

const peer = { name: "mx.b.test.", relay: "mx.b.test. [192.0.2.1]" };

test("replies of several lines become one, without their repeated codes", () => {
  expect(onOneLine("550-5.7.1 first\n550-5.7.1 second\n550 5.7.1 third")).toBe("550 5.7.1 first second third");
  expect(onOneLine("250 ok")).toBe("250 ok");
});

test.each([
  ["550 5.7.1 no", 550, "5.7.1", "no"],
  ["550 no", 550, "5.1.1", "no"],
  ["550 4.7.1 no", 550, "5.1.1", "no"],
  ["450 wait", 450, "4.2.0", "wait"],
  ["499 what", 499, "4.0.0", "what"],
  ["250", 250, "2.0.0", ""],
  ["nonsense", 0, "4.0.0", "nonsense"],
])("%j", (reply, code, status, text) => {
  expect(replyCodes(reply)).toMatchObject({ code, status });
  if (code !== 0 && !reply.includes("4.7.1")) expect(replyCodes(reply).text).toBe(text);
});

test("a reply that is neither yes nor no is a reason to wait", () => {
  for (const reply of ["nonsense", "354 go on", "199 what"]) {
    expect(fromReply(reply, peer, "RCPT")).toMatchObject({ action: "delayed", status: expect.stringMatching(/^4\./) });
  }
});

test.each([
  ["ECONNREFUSED", "4.4.1", "Deferred: Connection refused by mx.b.test."],
  ["ECONNRESET", "4.4.2", "Deferred: Connection reset by mx.b.test."],
  ["ETIMEDOUT", "4.4.1", "Deferred: Connection timed out with mx.b.test."],
  ["EHOSTUNREACH", "4.4.1", "Deferred: mx.b.test.: No route to host"],
])("%s", (code, status, text) => {
  const failure = { kind: "refused" as const, code, message: code, during: "connect" };
  expect(fromFailure(failure, peer)).toMatchObject({ action: "delayed", status, text, relay: peer.relay });
});

test("a text without end does not fill log and queue", () => {
  const line = onOneLine(`451 4.3.0 ${"x".repeat(10_000)}`);
  expect(line).toBe(`451 4.3.0 ${"x".repeat(990)}...`);
  expect(onOneLine(`${"451-x\n".repeat(5_000)}451 x`).length).toBe(1_003);
});
