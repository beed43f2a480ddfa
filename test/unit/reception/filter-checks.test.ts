/** What a genuine sendmail 8.17 says of filters that it will not ask, when it is started as a server. */
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import type { Filter } from "../../../src/config/milters.ts";
import { filterProblems } from "../../../src/reception/filter-checks.ts";
import { fakePort } from "../../support/fake-smtp-services.ts";
import { testOptions } from "../../support/delivery-job.ts";

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "filters-")));
});
afterEach(() => rmSync(folder, { recursive: true }));

function filter(socket: Filter["socket"]): Filter {
  return { name: "f", socket, onFailure: "accept", timeouts: { connect: 1, send: 2, read: 3, end: 4 } };
}

function problems(
  options: Readonly<Record<string, string>>,
  socket: Filter["socket"] = { kind: "inet", host: "localhost", port: 1 },
  own?: string,
): ReturnType<typeof filterProblems> {
  const extra = new Map(own === undefined ? [] : [["inputmailfilters", own]]);
  return filterProblems({
    options: testOptions(options),
    filters: new Map([["f", filter(socket)]]),
    daemonPorts: [fakePort({ extra })],
  });
}

test("a name without an X line, of the option or of a port, is said once", () => {
  const no = { text: "InputFilter no not defined: No such file or directory", exit: 78 };
  expect(problems({ InputMailFilters: "f" }, undefined, "f;f")).toEqual([]);
  expect(problems({ InputMailFilters: "f, no" }, undefined, "no")).toEqual([no]);
  expect(problems({}, undefined, "f;no")).toEqual([no]);
});

test.each([
  ["a folder that the world may write", 0o777, [], "World writable directory"],
  ["one that its group may write", 0o775, [], "Group writable directory"],
  ["one that its group may, where that is allowed", 0o775, ["GroupWritableDirPathSafe"], undefined],
  ["a closed one", 0o755, [], undefined],
])("the socket lies in %s", (_name, mode, allowed, problem) => {
  const place = join(folder, "d");
  const path = join(place, "socket");
  mkdirSync(place);
  // The socket's own mode is nobody's business.
  writeFileSync(path, "", { mode: 0o777 });
  chmodSync(place, mode);
  const said = problems({ DontBlameSendmail: allowed.join(",") }, { kind: "unix", path });
  const text = expect.stringContaining(`Xf: local socket name ${path} unsafe: ${problem} (${place}`);
  expect(said).toEqual(problem === undefined ? [] : [{ text, exit: 71 }]);
});

test("a link is no socket; one that is not there yet is only warned of", () => {
  const path = join(folder, "socket");
  const missing = { text: `WARNING: Xf: local socket name ${path} missing` };
  expect(problems({}, { kind: "unix", path })).toEqual([missing]);
  writeFileSync(join(folder, "real"), "");
  symlinkSync(join(folder, "real"), path);
  expect(problems({}, { kind: "unix", path })).toMatchObject([
    { text: expect.stringMatching(/unsafe: Symbolic links not allowed/), exit: 71 },
  ]);
});
