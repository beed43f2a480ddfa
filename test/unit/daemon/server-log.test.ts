import { expect, test } from "@jest/globals";
import { logPlaces } from "../../../src/daemon/server-log.ts";

function placesOf(named: string | undefined, foreground = false): { kinds: string[]; format: string } {
  const { targets, format } = logPlaces(named, foreground);
  return { kinds: targets.map(({ kind }) => kind), format };
}

test("the log is a file, in the foreground standard output, too", () => {
  expect(placesOf(undefined)).toEqual({ kinds: ["file"], format: "text" });
  expect(placesOf("")).toEqual({ kinds: ["file"], format: "text" });
  expect(placesOf(undefined, true)).toEqual({ kinds: ["file", "stdout"], format: "text" });
  expect(placesOf("stdout", true)).toEqual({ kinds: ["stdout"], format: "text" });
});

test("RULEMAIL_LOG names places and the layout", () => {
  expect(placesOf("syslog")).toEqual({ kinds: ["syslog"], format: "text" });
  expect(placesOf("file, syslog")).toEqual({ kinds: ["file", "syslog"], format: "text" });
  expect(placesOf("json")).toEqual({ kinds: ["file"], format: "json" });
  expect(placesOf("json stdout file")).toEqual({ kinds: ["stdout", "file"], format: "json" });
});

test("a word that is no place is told, with those that there are", () => {
  expect(() => placesOf("file sylog")).toThrow(
    'RULEMAIL_LOG="file sylog": "sylog" is no place of a log (wanted: file, syslog, stdout, json)',
  );
});
