/**
 * FEATURE(list_from): what a list sends on comes from the list, when the author's domain wants mail refused that fails DMARC. A list
 * is an alias with an owner (`owner-tea`). Domains of ours keep their authors: what is theirs is signed here.
 *
 * Asked once for each list of a message, before its members are served. Where the DNS does not answer, the list's name is taken:
 * it is right in any case.
 */
import type { DmarcPolicy } from "../authentication/dmarc/record.ts";
import type { Envelope } from "../envelope/envelope.ts";
import type { HeaderField } from "../mail/header.ts";
import { macroValue } from "../rewriting/macro-value.ts";
import type { Site } from "../site/site.ts";
import type { Clock } from "../sys/clock.ts";

/** From which policy on the author is replaced. */
const HARSHNESS: Readonly<Record<DmarcPolicy | "unknown", number>> = { none: 0, quarantine: 1, reject: 2, unknown: 2 };
/** Milliseconds for the questions about one author. */
const PATIENCE = 10_000;

export class ListAuthors {
  readonly #site: Site;
  readonly #clock: Clock;
  readonly #least: number;
  /** Owner of a list → the header that its members get. */
  readonly #headers = new Map<string, readonly HeaderField[]>();

  private constructor(site: Site, clock: Clock, least: number) {
    this.#site = site;
    this.#clock = clock;
    this.#least = least;
  }

  /** Undefined where the configuration does not want it. */
  static of(site: Site, clock: Clock): ListAuthors | undefined {
    const wanted = site.config.options.text("ListFrom");
    if (wanted === "") return undefined;
    return new ListAuthors(site, clock, wanted === "quarantine" ? HARSHNESS.quarantine : HARSHNESS.reject);
  }

  /** Looks at the lists of these recipients. */
  async look(indexes: readonly number[], envelope: Envelope): Promise<void> {
    for (const index of indexes) {
      const { owner } = envelope.recipients[index];
      if (owner === undefined || this.#headers.has(owner)) continue;
      this.#headers.set(owner, await this.#headerFor(envelope, index, owner));
    }
  }

  /** The header for members of a list that was looked at. */
  headersOf(owner: string): readonly HeaderField[] | undefined {
    return this.#headers.get(owner);
  }

  async #headerFor({ headers, recipients }: Envelope, index: number, owner: string): Promise<readonly HeaderField[]> {
    const [{ authorsOf }, { publishedPolicy }] = await Promise.all([
      import("../authentication/dmarc/author.ts"),
      import("../authentication/dmarc/published-policy.ts"),
    ]);
    const authors = authorsOf(headers);
    if (authors.kind !== "domains") return headers;
    const { resolver } = this.#site.hosts;
    const ours = this.#site.config.classWords("w");
    for (const domain of authors.domains) {
      if (ours.has(domain)) continue;
      const policy = await publishedPolicy(domain, { resolver, clock: this.#clock, timeLimit: PATIENCE });
      if (HARSHNESS[policy] < this.#least) continue;
      const { fromList } = await import("../mail/list-from.ts");
      return fromList(headers, this.#complete(listOf(recipients, index, owner)));
    }
    return headers;
  }

  #complete(list: string): string {
    return list.includes("@") ? list : `${list}@${macroValue("j", this.#site.config.macros.child())}`;
  }
}

/** The address of the list that a member came from: the nearest above him with another owner, or none. */
function listOf(recipients: Envelope["recipients"], index: number, owner: string): string {
  let member = recipients[index];
  for (let left = recipients.length; member.parent !== undefined && member.owner === owner && left > 0; left--)
    member = recipients[member.parent];
  return member.given.replace(/^<|>$/g, "");
}
