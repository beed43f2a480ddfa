/** Options of signing as the signer sees them. */
import { expect, test } from "@jest/globals";
import { signingSettings } from "../../../../src/authentication/signing/settings.ts";
import { testOptions } from "../../../support/delivery-job.ts";

const fields = (list: string): readonly string[] =>
  signingSettings(testOptions({ DKIMKeys: "/k", DKIMHeaders: list }))?.fields ?? [];

test("without keys nothing is signed, whatever else is set", () => {
  expect(signingSettings(testOptions({ DKIMSelectors: "a", ARCSeal: "a.test" }))).toBeUndefined();
});

test("words take the place of the usual fields, + and - change them; From is always signed", () => {
  expect(fields("Subject, Date")).toEqual(["From", "Subject", "Date"]);
  const usual = fields("");
  expect(fields("+X-Own -list-id")).toEqual([...usual.filter((name) => name !== "List-Id"), "X-Own"]);
  expect(fields("-From")).toEqual(["From", ...usual.filter((name) => name !== "From")]);
});

test("domains and times", () => {
  const options = testOptions({ DKIMKeyTable: "/t", DKIMDomains: "A.test, b.test", DKIMExpire: 86_400_000 });
  expect(signingSettings(options)).toMatchObject({
    domains: new Set(["a.test", "b.test"]),
    expireSeconds: 86_400,
    defers: true,
  });
});
