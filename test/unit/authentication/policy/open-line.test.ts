import { expect, test } from "@jest/globals";
import { daneProblem, openLine } from "../../../../src/authentication/policy/open-line.ts";
import { openNames } from "../../../../src/dns/names.ts";
import { silentLog } from "../../../../src/log/log.ts";
import { systemClock } from "../../../../src/sys/clock.ts";
import { testOptions, testResolver } from "../../../support/delivery-job.ts";

const ELSEWHERE = { nameServers: [{ address: "192.0.2.53", port: 53 }] };
const HERE = { nameServers: [...ELSEWHERE.nameServers, { address: "::1", port: 53 }] };

test("daneProblem(): somebody has to be trusted with saying what is signed", () => {
  const dane = testOptions({ DANE: "true" });
  expect(daneProblem(dane, ELSEWHERE)).toMatch(
    /^option DANE=true finds nothing signed: no name server \(192\.0\.2\.53\)/,
  );
  expect(daneProblem(dane, HERE)).toBeUndefined();
  expect(daneProblem(dane, { ...ELSEWHERE, trustAd: true })).toBeUndefined();
  expect(daneProblem(testOptions({ DANE: "true", ResolverOptions: "+trustad" }), ELSEWHERE)).toBeUndefined();
  expect(daneProblem(testOptions({ DANE: "false" }), ELSEWHERE)).toBeUndefined();
});

test("openLine(): nothing where nobody asks for it", () => {
  const machine = {
    ...ELSEWHERE,
    hostName: "a.test",
    search: [],
    ndots: 1,
    timeout: 1,
    attempts: 1,
    hostsFile: "/dev/null",
  };
  const parts = { names: openNames(machine, testResolver({})), clock: systemClock, log: silentLog };
  expect(openLine({ ...parts, options: testOptions() })).toBeUndefined();
  expect(openLine({ ...parts, options: testOptions({ DANE: "false" }) })).toBeUndefined();
  expect(openLine({ ...parts, options: testOptions({ StrictTransportSecurity: true }) })).toBeDefined();
});
