import { describe, expect, test } from "@jest/globals";
import { AbuseCounter, ConnectionRate } from "../../../src/smtpd/abuse-limits.ts";
import { fakeOptions } from "../../support/fake-smtp-services.ts";

describe("AbuseCounter", () => {
  test("verifying addresses gets slower after six and ends at twice that", () => {
    const counter = new AbuseCounter(fakeOptions());
    const answers = Array.from({ length: 12 }, (_, i) => counter.count(i % 2 === 0 ? "VRFY" : "EXPN"));
    expect(answers).toEqual([0, 0, 0, 0, 0, 1000, 2000, 4000, 8000, 16_000, 32_000, "hang up"]);
  });

  test("a pause is never longer than four minutes", () => {
    const counter = new AbuseCounter(fakeOptions({ MaxNOOPCommands: 20 }));
    const answers = Array.from({ length: 39 }, () => counter.count("NOOP"));
    expect(answers.at(-1)).toBe(240_000);
    expect(counter.count("NOOP")).toBe("hang up");
  });

  test("commands that move mail cost nothing, and reset() forgives", () => {
    const counter = new AbuseCounter(fakeOptions());
    for (let i = 0; i < 1000; i++) expect(counter.count("RCPT")).toBe(0);
    for (let i = 0; i < 4; i++) counter.count("EHLO");
    expect(counter.count("HELO")).toBe(4000);
    counter.reset();
    expect(counter.count("HELO")).toBe(0);
  });

  test("25 bad commands are forgiven", () => {
    const counter = new AbuseCounter(fakeOptions());
    for (let i = 0; i < 25; i++) expect(counter.countBad()).toBe(0);
    expect(counter.countBad()).toBe("hang up");
  });
});

describe("ConnectionRate", () => {
  test("gives each second so many places and lets the others wait for theirs", () => {
    const rate = new ConnectionRate();
    expect([0, 0, 0, 0, 500, 500].map((at) => rate.take(10_000 + at, 2))).toEqual([0, 0, 1000, 1000, 1500, 1500]);
    expect(rate.take(13_000, 2)).toBe(0);
  });

  test("0 is no limit", () => {
    const rate = new ConnectionRate();
    for (let i = 0; i < 100; i++) expect(rate.take(1, 0)).toBe(0);
  });
});
