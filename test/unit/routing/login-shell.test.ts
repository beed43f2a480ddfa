import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { hasLoginShell } from "../../../src/routing/login-shell.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "shells-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function allowed(shell: string, shells?: string): boolean {
  const file = join(folder, "shells");
  if (shells !== undefined) writeFileSync(file, shells);
  return hasLoginShell({ name: "joe", uid: 1, gid: 1, gecos: "", home: "/", shell }, file);
}

test.each([
  ["/bin/sh", "/bin/sh\n", true],
  ["/bin/bash", "# shells\n/bin/sh\n/bin/bash # the usual\n", true],
  ["", "/bin/sh\n", true],
  ["", "/bin/bash\n", false],
  ["/usr/sbin/nologin", "/bin/sh\n", false],
  ["/usr/sbin/nologin", "#/usr/sbin/nologin\n", false],
  ["/usr/sbin/nologin", "/bin/sh\n/SENDMAIL/ANY/SHELL/\n", true],
  ["/bin/sh", "", false],
])("shell %j beside %j: %s", (shell, shells, wanted) => {
  expect(allowed(shell, shells)).toBe(wanted);
});

test("without the list the usual shells are good", () => {
  expect([allowed("/bin/sh"), allowed("/bin/csh"), allowed("/bin/bash")]).toEqual([true, true, false]);
});
