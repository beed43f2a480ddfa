import { expect, test } from "@jest/globals";
import { exitMeaning, exitOfStatus } from "../../../src/envelope/exit-meaning.ts";
import { EX } from "../../../src/sys/sysexits.ts";

test("exit codes of programs and status codes translate into each other", () => {
  expect(exitMeaning(EX.NOUSER)).toEqual({ code: 550, status: "5.1.1", text: "User unknown" });
  expect(exitMeaning(EX.TEMPFAIL).status).toBe("4.0.0");
  expect(exitMeaning(9)).toEqual({ code: 554, status: "5.3.0", text: "unknown mailer error 9" });
  expect(exitOfStatus("5.1.1")).toBe(EX.NOUSER);
  expect(exitOfStatus("4.4.1")).toBe(EX.TEMPFAIL);
  expect(exitOfStatus("2.1.5")).toBe(EX.OK);
  expect(exitOfStatus("5.5.9")).toBe(EX.PROTOCOL);
  expect(exitOfStatus("nonsense")).toBe(EX.UNAVAILABLE);
});
