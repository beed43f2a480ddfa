import { test } from "@jest/globals";
import type { Recipient, Rights, Triple } from "../../../src/envelope/recipient.ts";
import { TripleIndex } from "../../../src/routing/triple-index.ts";
import { fuzz } from "../../support/fuzz.ts";

const MAILERS = ["esmtp", "local", "prog", "*file*"];

test("finds what a table of texts finds", async () => {
  await fuzz(20, (next, note) => {
    const recipients: Recipient[] = [];
    const index = new TripleIndex(recipients);
    const table = new Map<string, number>();
    const count = next(3_000);
    note(count);
    for (let at = 0; at < count; at++) {
      const mailer = MAILERS[next(MAILERS.length)];
      const host = ["a.test", "A.test", "b.test", ""][next(4)];
      const resolved: Triple = { mailer, host, user: `u${next(400)}` };
      const rights: Rights | undefined = next(2) === 0 ? undefined : { user: `r${next(2)}`, uid: 1, gid: 1 };
      const owned = mailer === "prog" || mailer === "*file*" ? (rights?.user ?? "") : "";
      const key = [mailer, host.toLowerCase(), resolved.user, owned].join("|");
      if (index.find(resolved, rights) !== table.get(key)) throw new Error(`${key} is not found as it was added`);
      if (table.has(key)) continue;
      recipients[at] = { given: "x", state: "todo", resolved, rights };
      index.add(at, resolved);
      table.set(key, at);
    }
  });
});
