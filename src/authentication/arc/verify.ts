/** Whether the chain of ARC sets of a message holds (RFC 8617 §5.2). */
import type { BodyHashes } from "../dkim/body-hashes.ts";
import type { KeySource } from "../dkim/key-source.ts";
import type { SignableHeader } from "../dkim/signable-header.ts";

export interface ArcResult {
  readonly result: "none" | "pass" | "fail" | "temperror";
  readonly reason?: string;
  /** Who sealed, from the first to the last. */
  readonly chain: readonly { readonly domain: string; readonly selector: string }[];
  /** Value of the newest ARC-Authentication-Results behind "i=N;": what the last sealer says it saw. Only of a chain that passes. */
  readonly authResults?: string;
}

export class ArcVerification {
  readonly #header: SignableHeader;
  constructor(header: SignableHeader, _keys: KeySource, _bodies: BodyHashes) {
    this.#header = header;
  }

  result(): Promise<ArcResult> {
    const there = this.#header.count("arc-seal") > 0;
    return Promise.resolve(
      there ? { result: "fail", reason: "not checked yet", chain: [] } : { result: "none", chain: [] },
    );
  }
}
