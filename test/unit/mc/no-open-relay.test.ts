/**
 * Strangers cannot send through any configuration that comes with the program, as it is and with the usual features that
 * open it for somebody, whatever shape they give an address.
 */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import { relayShapes } from "../../support/relay-shapes.ts";
import { FRIEND, isHarmless, openShipped, tryToRelay } from "../../support/relay-trial.ts";

const folder = mkdtempSync(join(tmpdir(), "relay-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const VICTIM = "victim.test";
const OPENED = [
  "FEATURE(`relay_entire_domain')",
  "FEATURE(`relay_based_on_MX')",
  "FEATURE(`accept_unqualified_senders')",
  "RELAY_DOMAIN(`partner.test')",
];
const names = readdirSync(join(import.meta.dirname, "../../../cf")).filter((name) => name.endsWith(".mc"));

test("there are shapes enough", () => {
  expect(relayShapes(VICTIM, FRIEND).length).toBeGreaterThanOrEqual(129);
});

test.each([
  ...names.map((name) => [name, "as it is", []] as const),
  // Servers that others reach.
  ...["gateway.mc", "mailhub.mc", "standalone.mc"].map((name) => [name, "opened", OPENED] as const),
])("cf/%s, %s, sends nothing on for strangers", async (name, how, lines) => {
  const site = await openShipped(name, lines, join(folder, `${name} ${how}`.replaceAll(" ", "-")));
  const host = site.session.hostName;
  const through = relayShapes(VICTIM, FRIEND);
  const throughHost = relayShapes(VICTIM, host).filter(({ name: shape }) => !/dot|case|by percent/.test(shape));
  const addresses = new Set([...through, ...(how === "opened" ? [] : throughHost)].map(({ address }) => address));
  const taken = await tryToRelay(site, [...addresses]);
  expect(taken.filter((each) => !isHarmless(each, host))).toEqual([]);
  // The trial is one: an address of a domain that it takes mail for is taken.
  expect(await tryToRelay(site, [`u@${FRIEND}`])).toHaveLength(1);
  await site.close();
});

test("FEATURE(quoted_routes) takes user names that hold another address, as sendmail does", async () => {
  const quoted = [`u\\@${VICTIM}@${FRIEND}`, `"u @ ${VICTIM}"@${FRIEND}`];
  const site = await openShipped("gateway.mc", ["FEATURE(`quoted_routes')"], join(folder, "quoted"));
  const taken = await tryToRelay(site, [...quoted, `u%${VICTIM}@${FRIEND}`]);
  await site.close();
  expect(taken.map(({ address }) => address)).toEqual(quoted);
});
