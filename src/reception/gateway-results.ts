/**
 * Mail of a gateway that checks senders for us (SenderCheckGateways): what its own Authentication-Results field says, as the macros
 * that we would have set. Only results and domains are taken over, and only words that our own checks have.
 */
import { readResults, type ReadResult } from "../authentication/read-results.ts";
import { resultsOfServer } from "../authentication/results-field.ts";
import { type HeaderField, isField } from "../mail/header.ts";
import type { MacroSetting } from "./sender-macros.ts";

const SIGNATURE_RESULTS = ["pass", "fail", "policy", "neutral", "permerror", "temperror", "none"];
const RESULTS: Readonly<Record<string, readonly string[]>> = {
  iprev: ["pass", "fail", "permerror", "temperror"],
  spf: ["pass", "fail", "softfail", "neutral", "none", "permerror", "temperror"],
  dkim: SIGNATURE_RESULTS,
  dmarc: ["pass", "fail", "none", "permerror", "temperror"],
  arc: ["pass", "fail", "none", "temperror"],
};

/**
 * @param fields as they came
 * @param names the gateway's authserv-id: its name, if the DNS confirms it, and one that was given to it and to us
 * @returns nothing where it has not said anything
 */
export function macrosOfGateway(fields: readonly HeaderField[], names: readonly string[]): readonly MacroSetting[] {
  const own = fieldOf(fields, names);
  if (own === undefined) return [];
  const results = readResults(own.value).filter(({ method, result }) => RESULTS[method]?.includes(result));
  const of = (method: string): readonly ReadResult[] => results.filter((each) => each.method === method);
  const helo = of("spf").find(({ properties }) => !properties.has("smtp.mailfrom"));
  const spf = of("spf").find(({ properties }) => properties.has("smtp.mailfrom")) ?? helo;
  const [[dmarc], [arc], [iprev]] = [of("dmarc"), of("arc"), of("iprev")];
  const author = domainIn(dmarc, "header.from");
  const good = of("dkim").filter(({ result }) => result === "pass");
  const dkim = good.find((each) => domainIn(each, "header.d") === author) ?? good[0] ?? of("dkim")[0];
  const all: readonly MacroSetting[] = [
    ["iprev", iprev?.result],
    ["spf", spf?.result],
    ["spf_domain", domainIn(spf, "smtp.mailfrom") ?? domainIn(spf, "smtp.helo")],
    ["spf_helo", helo?.result],
    ["dkim", dkim?.result],
    ["dkim_d", domainIn(dkim, "header.d")],
    ["dkim_s", domainIn(dkim, "header.s")],
    ["dmarc", dmarc?.result],
    ["dmarc_domain", author],
    ["arc", arc?.result],
  ];
  return all.filter(([, value]) => value !== undefined);
}

/** The topmost one of the gateway, which cannot stand below the Received field of whoever handed the message to it. */
function fieldOf(fields: readonly HeaderField[], names: readonly string[]): HeaderField | undefined {
  const isOfGateway = resultsOfServer(names);
  let hops = 0;
  for (const field of fields) {
    if (isField(field, "Received") && ++hops > 1) return undefined;
    if (isOfGateway(field)) return field;
  }
  return undefined;
}

/** Of an address its domain; what is neither is left out, for rules would split it into words. */
function domainIn(result: ReadResult | undefined, property: string): string | undefined {
  const value = result?.properties.get(property);
  const domain = value?.slice(value.lastIndexOf("@") + 1).toLowerCase() ?? "";
  return /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/.test(domain) && domain.length <= 255 ? domain : undefined;
}
