/**
 * Verifies messages for a foreign test suite, a line of JSON each: `{"message": BASE64, "dns": {NAME: TEXT or null}}`. Answers
 * `{"need": [NAME]}` until it was told all that it asks DNS for, then the results of DKIM and ARC.
 */
import { createInterface } from "node:readline";
import type { DnsAnswer, Resolver } from "../../../src/dns/resolver.ts";
import { systemClock } from "../../../src/sys/clock.ts";
import { verifyText } from "../../support/whole-message.ts";

interface Question {
  readonly message: string;
  readonly dns: Readonly<Record<string, string | null>>;
}

async function answer({ message, dns }: Question): Promise<object> {
  const need: string[] = [];
  const resolver: Resolver = {
    query(name): DnsAnswer {
      if (!Object.hasOwn(dns, name)) need.push(name);
      const data = dns[name] ?? undefined;
      if (data === undefined) return { kind: "nxdomain" };
      return { kind: "found", records: [{ name, type: "TXT", ttl: 60, data }], canonicalName: name, secure: false };
    },
  };
  const text = Buffer.from(message, "base64").toString("latin1");
  const { dkim, arc } = await verifyText(text, { resolver, clock: systemClock, arc: true });
  return need.length > 0 ? { need } : { dkim, arc };
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line) as Question))}\n`);
}
