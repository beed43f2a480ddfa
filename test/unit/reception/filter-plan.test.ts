/** Which filters are asked, and what they are told: X lines, InputMailFilters, I= of ports, Milter.*. */
import { expect, test } from "@jest/globals";
import type { Config } from "../../../src/config/config.ts";
import type { Filter } from "../../../src/config/milters.ts";
import { makePlan } from "../../../src/reception/filter-plan.ts";
import { testConfig, testOptions } from "../../support/delivery-job.ts";

const filter = (name: string, onFailure: Filter["onFailure"]): Filter => ({
  name,
  socket: { kind: "unix", path: `/run/${name}` },
  onFailure,
  timeouts: { connect: 1, send: 2, read: 3, end: 4 },
});

function configWith(option: string, settings: Readonly<Record<string, string>> = {}): Config {
  return {
    ...testConfig(testOptions({ InputMailFilters: option })),
    filters: new Map([filter("a", "reject"), filter("b", "accept")].map((each) => [each.name, each])),
    milterSettings: new Map(Object.entries(settings)),
  };
}

const namesOf = (config: Config, own?: string): readonly string[] =>
  makePlan(config, own)?.filters.map(({ settings }) => settings.name) ?? [];

test("the option names filters in order; a port may name others, or none; names without an X line are nothing", () => {
  expect(namesOf(configWith(""))).toEqual([]);
  expect(namesOf(configWith("b, a"))).toEqual(["b", "a"]);
  expect(namesOf(configWith("nosuch,a"))).toEqual(["a"]);
  expect(namesOf(configWith("a"), "b;a")).toEqual(["b", "a"]);
  expect(namesOf(configWith("a"), "")).toEqual([]);
});

test("F=, S= and T= of the X line, macros and LogLevel of Milter", () => {
  const settings = { "macros.connect": "j, _, {daemon_name}", loglevel: "14" };
  expect(makePlan(configWith("a", settings))).toEqual({
    filters: [
      {
        settings: {
          name: "a",
          address: { kind: "unix", path: "/run/a" },
          timeouts: { connect: 1, send: 2, read: 3, end: 4 },
        },
        onFailure: "reject",
      },
    ],
    macros: { connect: ["j", "_", "{daemon_name}"], helo: [], envfrom: [], envrcpt: [], data: [], eoh: [], eom: [] },
    logLevel: 14,
  });
  expect(makePlan(configWith("a"))?.logLevel).toBeUndefined();
});
