/** What a machine lacks for programs of users is named. */
import { expect, test } from "@jest/globals";
import { missingTools } from "../../../src/rights/program-command.ts";

test.each([
  ["both there", ["/bin/setpriv", "/usr/local/bin/perl"], []],
  ["no perl", ["/usr/bin/setpriv"], ["perl (perl-base)"]],
  ["no setpriv", ["/usr/bin/perl"], ["setpriv (util-linux)"]],
  ["neither", [], ["setpriv (util-linux)", "perl (perl-base)"]],
])("%s", (_name, there, missing) => {
  expect(missingTools((path) => there.includes(path))).toEqual(missing);
});
