/** A second host tries to send through each configuration that comes with the program: real connections from its own address. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { runInside } from "../support/foreign-programs.ts";
import { peerDescribe } from "../support/peers.ts";

const support = join(import.meta.dirname, "../support");
const names = readdirSync(join(import.meta.dirname, "../../cf")).filter((name) => name.endsWith(".mc"));

peerDescribe("a second host", ["root"], () => {
  test("cannot send through a configuration that comes with the program", () => {
    const script = `
set -eu
for net in 192.0.2.0/24 203.0.113.0/24; do ${support}/../peers/genuine ip route add local $net dev lo; done
mkdir /mnt/relay
${process.execPath} --no-warnings ${support}/relay-attack.ts /mnt/relay
`;
    const { status, stdout, stderr } = runInside("bare", script, false);
    expect([status, stderr]).toEqual([0, ""]);
    const found = stdout.trimEnd().split("\n");
    expect(found.map((line) => JSON.parse(line) as object)).toEqual(
      names.map((name) => ({ name, tried: expect.any(Number), taken: true, away: [] })),
    );
  });
});
