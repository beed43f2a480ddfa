import { describe, expect, test } from "@jest/globals";
import { readArguments } from "../../../src/cli/arguments.ts";

describe("readArguments()", () => {
  test("without options it is a submission to the addresses", () => {
    expect(readArguments("sendmail", ["a@b", "c"])).toMatchObject({ mode: "m", addresses: ["a@b", "c"], problems: [] });
  });

  test("values are joined to the letter or follow it", () => {
    const joined = readArguments("sendmail", ["-fa@b", "-C/x.cf", "-OLogLevel=5"]);
    const apart = readArguments("sendmail", ["-f", "a@b", "-C", "/x.cf", "-O", "LogLevel=5"]);
    expect(joined).toEqual(apart);
    expect(joined).toMatchObject({ sender: "a@b", configFile: "/x.cf" });
    expect(joined.settings).toEqual([{ kind: "option", text: " LogLevel=5" }]);
  });

  test("flags can stand together", () => {
    const { fromHeaders, ignoreDots, addresses } = readArguments("sendmail", ["-ti", "--", "-x"]);
    expect({ fromHeaders, ignoreDots, addresses }).toEqual({ fromHeaders: true, ignoreDots: true, addresses: ["-x"] });
  });

  test("the name of the program chooses a mode, -b another one", () => {
    expect(readArguments("mailq", []).mode).toBe("p");
    expect(readArguments("newaliases", []).mode).toBe("i");
    expect(readArguments("sendmail", ["-bt", "-d21.12"])).toMatchObject({ mode: "t", debug: ["21.12"] });
  });

  test("queue runs have intervals, groups and selections", () => {
    expect(readArguments("sendmail", ["-q1h30m"]).queueRun).toMatchObject({ interval: 5_400_000, persistent: false });
    expect(readArguments("sendmail", ["-qp5m"]).queueRun).toMatchObject({ interval: 300_000, persistent: true });
    expect(readArguments("sendmail", ["-qGslow", "-q!Ra.test", "-qSb"]).queueRun).toMatchObject({
      group: "slow",
      selections: [
        { field: "recipient", text: "a.test", negated: true },
        { field: "sender", text: "b", negated: false },
      ],
    });
    expect(readArguments("mailq", ["-qQ"]).queueRun).toMatchObject({ set: "quarantined" });
  });

  test("a second -f, a wrong hop count or envelope id is a mistake that test mode survives", () => {
    expect(readArguments("sendmail", ["-bt", "-fa", "-fb", "-h5x", "-V", "a b", "-Bx"])).toMatchObject({
      mode: "t",
      usage: true,
      hopCount: 5,
      sender: "a",
      problems: [
        'More than one "from" person',
        "Bad hop count (5x)",
        "Invalid syntax in -V flag",
        "Illegal body type x",
      ],
    });
    expect(readArguments("sendmail", ["-bt", "-fa", "-fb"]).fatal).toBeUndefined();
    expect(readArguments("sendmail", ["-bx", "-bt"])).toMatchObject({ fatal: "mode", mode: "m" });
  });

  test("-q takes the next word when it is no option", () => {
    expect(readArguments("sendmail", ["-q", "30m", "-v"])).toMatchObject({
      queueRun: { interval: 1_800_000 },
      verbose: true,
    });
  });

  test("DSN parameters are checked", () => {
    expect(readArguments("sendmail", ["-N", "success,delay", "-R", "hdrs", "-V", "id1"])).toMatchObject({
      notify: ["SUCCESS", "DELAY"],
      ret: "HDRS",
      envelopeId: "id1",
    });
    expect(readArguments("sendmail", ["-N", "foo"])).toMatchObject({ usage: true, problems: ["Invalid -N argument"] });
  });

  test("unknown options and modes end with a usage error", () => {
    expect(readArguments("sendmail", ["-z"])).toMatchObject({
      usage: true,
      problems: ["sendmail: illegal option -- z"],
    });
    expect(readArguments("sendmail", ["-bx"])).toMatchObject({ problems: ["Invalid operation mode x"] });
    expect(readArguments("sendmail", ["-f"])).toMatchObject({
      problems: ["sendmail: option requires an argument -- f"],
    });
  });

  test("old options become settings", () => {
    expect(readArguments("sendmail", ["-odq", "-oi", "-Mxone"]).settings).toEqual([
      { kind: "option", text: "dq" },
      { kind: "option", text: "i" },
      { kind: "macro", text: "xone" },
    ]);
  });
});
