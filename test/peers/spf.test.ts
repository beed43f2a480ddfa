/** SPF beside the suite of RFC 7208 that Debian's python3-spf brings. */
import { expect, test } from "@jest/globals";
import { checkSpf } from "../../src/authentication/spf/check.ts";
import { systemClock } from "../../src/sys/clock.ts";
import { peerDescribe } from "../support/peers.ts";
import { readSpfSuite, suiteResolver } from "../support/spf-suite.ts";

peerDescribe("the suite of RFC 7208", ["python3-spf"], () => {
  test("every case has one of the results that are allowed, and its explanation", async () => {
    const scenarios = readSpfSuite();
    const wrong: string[] = [];
    let count = 0;
    for (const scenario of scenarios) {
      const resolver = suiteResolver(scenario);
      for (const [name, { helo, host, mailfrom, result, explanation }] of Object.entries(scenario.tests)) {
        count++;
        const found = await checkSpf(
          { client: host, helo, sender: mailfrom, identity: "mailfrom" },
          { resolver, clock: systemClock, hostName: "receiver.example", timeLimit: 20_000 },
        );
        const wanted = explanation === "DEFAULT" ? undefined : explanation;
        const isExplained = explanation === undefined || found.explanation === wanted;
        if (![result].flat().includes(found.result) || !isExplained) {
          wrong.push(
            `${scenario.description}: ${name}: ${JSON.stringify(found)}, not ${JSON.stringify(result)} ${explanation}`,
          );
        }
      }
    }
    expect(wrong).toEqual([]);
    expect(count).toBeGreaterThan(200);
  });
});
