/** The delivery mode of a message: what the configuration, the port or the caller says, and what is looked up for it. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Config } from "../../../src/config/config.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { deliveryModeIn } from "../../../src/config/policies.ts";
import type { Agent } from "../../../src/delivery/agent.ts";
import { attempt } from "../../../src/dispatch/attempt.ts";
import { silentLog } from "../../../src/log/log.ts";
import { MemoryStore } from "../../../src/queue/memory-store.ts";
import { admitRecipient } from "../../../src/reception/recipient.ts";
import { Transaction } from "../../../src/reception/transaction.ts";
import type { MacroScope } from "../../../src/rewriting/macro-scope.ts";
import { createMailRules } from "../../../src/routing/resolve.ts";
import { configEnvironment } from "../../support/config-environment.ts";
import { fakeSite } from "../../support/fake-site.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { put } from "../../support/queue-samples.ts";
import { ownFiles } from "../../support/user-files.ts";

/** A look-up that is put off in mode d decides where mail goes. */
const CF = `V10
O QueueDirectory=/queue
Mesmtp, P=[IPC], F=mDFMuX, A=TCP $h
Kroute text -D -k0 -v1 @FILE@
Scanonify=3
R$*@$*	$:$1<@$2>
Sparse=0
R$*<@$*>	$#esmtp $@ $(route $2 $: none $) $: $1<@$2>
`;

const folder = mkdtempSync(join(tmpdir(), "rulemail-mode-"));
afterAll(() => rmSync(folder, { recursive: true }));
const configs = new Map<string, Config>();

beforeAll(async () => {
  writeFileSync(join(folder, "routes"), "far.test relay.test\n");
  for (const mode of ["background", "deferred"]) {
    const file = join(folder, `${mode}.cf`);
    writeFileSync(file, `${CF.replace("@FILE@", join(folder, "routes"))}O DeliveryMode=${mode}\n`);
    const { config, messages } = await loadConfig(file, configEnvironment);
    if (config === undefined) throw new Error(messages.join("\n"));
    configs.set(mode, config);
  }
});

test.each([
  ["background", undefined, "b"],
  ["deferred", undefined, "d"],
  ["background", "d", "d"],
  ["background", "Queue", "q"],
  ["deferred", "i", "i"],
])("configured %s, said %s: %s", (configured, said, mode) => {
  const config = configs.get(configured)!;
  expect(deliveryModeIn(config, scopeOf(config, said))).toBe(mode);
});

test.each([
  ["background", undefined, { mailer: "esmtp", host: "relay.test", user: "x<@far.test>" }],
  ["background", "d", undefined],
  ["deferred", undefined, undefined],
  ["deferred", "i", { mailer: "esmtp", host: "relay.test", user: "x<@far.test>" }],
])("configured %s, said %s: the recipient is accepted, and goes to %j", async (configured, said, resolved) => {
  const config = configs.get(configured)!;
  const site = fakeSite({ config, rules: createMailRules(config), agents: { close: () => undefined } });
  const session = Transaction.ofSession(site, { relay: "x" }, scopeOf(config, said));
  const transaction = session.message({ sender: "", smtputf8: false, isReport: false });
  const asked = { shown: "<x@far.test>", address: "x@far.test" };
  expect(await admitRecipient({ judges: {}, log: silentLog }, transaction, asked)).toBeUndefined();
  expect(transaction.recipients).toMatchObject([{ given: "x@far.test", state: "todo" }]);
  expect(transaction.recipients[0].resolved).toEqual(resolved);
});

test.each(["background", "deferred"])("configured %s: a queue run looks up where mail goes", async (configured) => {
  const config = configs.get(configured)!;
  const hosts: string[] = [];
  const agent: Agent = {
    deliver: ({ host, recipients }) => {
      hosts.push(host);
      return Promise.resolve({ statuses: new Map(recipients.map(({ index }) => [index, SENT])) });
    },
  };
  const agents = { connects: () => true, files: ownFiles, agentFor: () => agent, close: () => Promise.resolve() };
  const site = fakeSite({ config, rules: createMailRules(config), agents });
  const clock = new ManualClock();
  const store = new MemoryStore(clock);
  const recipients = [{ given: "x@far.test", state: "todo" }] as const;
  const { id } = await put(store, "x\r\n", { recipients, macros: {} }, { nextTry: clock.now() + 60_000 });
  const reports = { intake: { begin: () => Promise.reject(new Error("no reports")) }, clock, log: silentLog };
  const signal = new AbortController().signal;
  const nextTry = (): number => clock.now() + 60_000;
  await attempt({ site: () => site, store, clock, log: silentLog, reports, nextTry, signal }, store.claim(id)!);
  expect([hosts, store.count()]).toEqual([["relay.test"], 0]);
});

const SENT = { action: "relayed", status: "2.0.0", text: "Sent", at: 0 } as const;

function scopeOf({ macros }: Config, said: string | undefined): MacroScope {
  return macros.child(said === undefined ? [] : [["deliveryMode", said]]);
}
