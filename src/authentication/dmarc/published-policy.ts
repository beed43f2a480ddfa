/** What the owner of a domain wants to be done with mail that fails DMARC, whatever a message says (RFC 7489 §6.6.3). */
import { type CheckEnvironment, TimedResolver } from "../timed-resolver.ts";
import type { DmarcPolicy } from "./record.ts";
import { Unanswered, walk } from "./tree-walk.ts";

/** @returns "unknown" when the DNS does not answer. Never rejects. */
export async function publishedPolicy(domain: string, environment: CheckEnvironment): Promise<DmarcPolicy | "unknown"> {
  const resolver = new TimedResolver(environment);
  try {
    const { found, organization } = await walk(resolver, domain);
    const own = found.find((each) => each.domain === domain);
    if (own !== undefined) return own.record.policy;
    return found.find((each) => each.domain === organization)?.record.subdomains ?? "none";
  } catch (error) {
    if (error instanceof Unanswered) return "unknown";
    throw error;
  } finally {
    resolver.close();
  }
}
