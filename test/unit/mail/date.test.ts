import { expect, test } from "@jest/globals";
import { ctimeDate, durationInWords, logDuration, rfc5322Date, syslogDate } from "../../../src/mail/date.ts";
import { makeMessageId } from "../../../src/mail/message-id.ts";
import { decodeXtext, encodeXtext, isXtext } from "../../../src/mail/xtext.ts";

test("dates are local time with the offset of the zone", () => {
  const date = new Date(2026, 10, 5, 8, 6, 2);
  const east = -date.getTimezoneOffset();
  const zone = `${east < 0 ? "-" : "+"}${String(Math.floor(Math.abs(east) / 60) * 100 + (Math.abs(east) % 60)).padStart(4, "0")}`;
  expect(rfc5322Date(date.getTime())).toBe(`Thu, 5 Nov 2026 08:06:02 ${zone}`);
  expect(rfc5322Date(date.getTime() + 999)).toBe(`Thu, 5 Nov 2026 08:06:02 ${zone}`);
  expect(rfc5322Date(date.getTime() + 1000)).toBe(`Thu, 5 Nov 2026 08:06:03 ${zone}`);
  expect(ctimeDate(date.getTime())).toBe("Thu Nov  5 08:06:02 2026");
  expect(syslogDate(date.getTime())).toBe("Nov  5 08:06:02");
});

test("dates can be read back", () => {
  for (const ms of [0, 951_782_399_000, 1_798_761_600_000]) expect(Date.parse(rfc5322Date(ms))).toBe(ms);
});

test("durations", () => {
  expect(logDuration(1_999)).toBe("00:00:01");
  expect(logDuration(183_600_000)).toBe("2+03:00:00");
  expect(logDuration(-5)).toBe("00:00:00");
  expect(durationInWords(4 * 3_600_000)).toBe("4 hours");
  expect(durationInWords(26 * 3_600_000)).toBe("1 day 2 hours");
  expect(durationInWords(0)).toBe("0 seconds");
});

test("message ids", () => {
  const id = makeMessageId(Date.UTC(2026, 10, 20, 18, 56), "5AK", "mx.test");
  expect(id).toBe("<202611201856.5AK@mx.test>");
});

test("xtext", () => {
  expect(encodeXtext("rfc822;a+b=c @\xe9")).toBe("rfc822;a+2Bb+3Dc+20@+E9");
  expect(decodeXtext("rfc822;a+2Bb+3Dc+20@+E9")).toBe("rfc822;a+b=c @\xe9");
  expect(decodeXtext("plain")).toBe("plain");
  for (const bad of ["a b", "a+2b", "a+2", "a=b", "\xe9"]) {
    expect(decodeXtext(bad)).toBeUndefined();
    expect(isXtext(bad)).toBe(false);
  }
});
