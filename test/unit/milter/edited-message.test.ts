/** A message with the edits of a filter: what each does, and in which order. */
import { describe, expect, test } from "@jest/globals";
import { editedMessage, type PlainMessage } from "../../../src/milter/edited-message.ts";
import type { Edit } from "../../../src/milter/filter.ts";

const MESSAGE: PlainMessage = {
  sender: { path: "<a@x>", parameters: ["SIZE=7"] },
  recipients: [
    { path: "<b@y>", parameters: [] },
    { path: "<c@y>", parameters: ["NOTIFY=NEVER"] },
  ],
  fields: [
    { name: "Received", value: " one" },
    { name: "Subject", value: " two" },
    { name: "received", value: " three" },
  ],
  body: Buffer.from("old\r\n"),
};

const header = (...edits: Edit[]): string[] =>
  editedMessage(MESSAGE, edits).fields.map(({ name, value }) => `${name}:${value}`);
const OLD = header();

describe("header fields", () => {
  test.each([
    [{ kind: "add-header", name: "X", value: " y" }, [...OLD, "X: y"]],
    [{ kind: "insert-header", index: 0, name: "X", value: " y" }, ["X: y", ...OLD]],
    [{ kind: "insert-header", index: 1, name: "X", value: " y" }, [OLD[0], "X: y", OLD[1], OLD[2]]],
    [{ kind: "insert-header", index: 99, name: "X", value: " y" }, [...OLD, "X: y"]],
    [{ kind: "change-header", index: 2, name: "RECEIVED", value: " y" }, [OLD[0], OLD[1], "received: y"]],
    [{ kind: "change-header", index: 0, name: "Received", value: " y" }, ["Received: y", OLD[1], OLD[2]]],
    [{ kind: "change-header", index: 1, name: "Received", value: undefined }, [OLD[1], OLD[2]]],
    [{ kind: "change-header", index: 3, name: "Received", value: " y" }, [...OLD, "Received: y"]],
    [{ kind: "change-header", index: 3, name: "Received", value: undefined }, OLD],
  ] satisfies [Edit, string[]][])("%j", (edit, expected) => {
    expect(header(edit)).toEqual(expected);
  });
});

test("envelope and body, one edit after the other", () => {
  const after = editedMessage(MESSAGE, [
    { kind: "delete-recipient", path: "<b@y>" },
    { kind: "add-recipient", path: "<d@y>", parameters: ["NOTIFY=SUCCESS"] },
    { kind: "add-recipient", path: "<c@y>", parameters: [] },
    { kind: "delete-recipient", path: "<nobody@y>" },
    { kind: "change-sender", path: "<>", parameters: [] },
    { kind: "replace-body", chunk: Buffer.from("new ") },
    { kind: "replace-body", chunk: Buffer.from("body\r\n") },
    { kind: "quarantine", reason: "odd" },
  ]);
  expect(after).toEqual({
    ...MESSAGE,
    sender: { path: "<>", parameters: [] },
    recipients: [MESSAGE.recipients[1], { path: "<d@y>", parameters: ["NOTIFY=SUCCESS"] }],
    body: Buffer.from("new body\r\n"),
    quarantine: "odd",
  });
  expect(editedMessage(MESSAGE, [])).toEqual(MESSAGE);
});
