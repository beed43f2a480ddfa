/** Adds an ARC set to a message that is passed on (RFC 8617 §5.1): what this hop saw, its signature of the message, its seal. */
import type { HeaderField } from "../../mail/header.ts";
import type { Clock } from "../../sys/clock.ts";
import { BodyHashes } from "../dkim/body-hashes.ts";
import { canonicalField, canonicalLast } from "../dkim/canonical-header.ts";
import { algorithmOf, SignedNames, type Signer, type SigningKey, signText } from "../dkim/sign.ts";
import { SignableHeader } from "../dkim/signable-header.ts";
import { type TagText, writeTags } from "../dkim/tag-writer.ts";
import { arcSetsOf, MESSAGE_SIGNATURE, MOST_INSTANCES, RESULTS, SEAL } from "./sets.ts";
import type { ArcResult } from "./verify.ts";

export interface SealingOptions {
  readonly clock: Clock;
  /** Those of ARC may not be among them (sealableNames()). */
  readonly names: SignedNames;
  /** What was found out about the chain when the message came in. */
  readonly validation: ArcResult["result"];
  /** Value of the Authentication-Results of this hop, with its authserv-id: `mx.example.org; spf=pass ...`; may be folded. */
  readonly results: string;
}

/**
 * @param header fields as they leave, in order; the body follows with CRLF line ends
 * @returns fields to put in front: ARC-Seal, ARC-Message-Signature, ARC-Authentication-Results; none when nothing may be added:
 *   the chain had been given up, is full, or cannot be judged now
 */
export function startSealer(header: readonly HeaderField[], key: SigningKey, options: SealingOptions): Signer {
  const algorithm = algorithmOf(key.key);
  const signable = new SignableHeader(header);
  const before = chainBefore(signable, options.validation);
  if (before === undefined) return { update: () => undefined, end: () => Promise.resolve([]) };
  const bodies = new BodyHashes();
  bodies.want("relaxed");
  return {
    update: (octets) => bodies.update(octets),
    async end(last) {
      if (last !== undefined) bodies.updateLast(last);
      const i = String(before.instance);
      const t = String(Math.floor(options.clock.now() / 1000));
      const common = { algorithm, key, i, t };
      const results = { name: "ARC-Authentication-Results", value: ` i=${i}; ${options.results}` };
      const names = options.names.in(signable);
      const message = await signMessage(common, names, signable.text(names, "relaxed"), bodies);
      const sealed = before.text + canonicalField(results, "relaxed") + canonicalField(message, "relaxed");
      const seal = await sealSets(common, before.validation, sealed);
      return [seal, message, results].map(({ name, value }) => `${name}:${value}`);
    },
  };
}

interface Common {
  readonly algorithm: string;
  readonly key: SigningKey;
  readonly i: string;
  readonly t: string;
}

/** Tags in the order of the alphabet, as most sealers write them. */
function signMessage({ algorithm, key, i, t }: Common, names: readonly string[], text: string, bodies: BodyHashes) {
  const tags: readonly TagText[] = [
    ["a", algorithm],
    ["b", ""],
    ["bh", bodies.get("relaxed").digest.toString("base64")],
    ["c", "relaxed/relaxed"],
    ["d", key.domain],
    ["h", names.join(":")],
    ["i", i],
    ["s", key.selector],
    ["t", t],
  ];
  return signField("ARC-Message-Signature", tags, text, key);
}

function sealSets({ algorithm, key, i, t }: Common, validation: string, text: string) {
  const tags: readonly TagText[] = [
    ["a", algorithm],
    ["b", ""],
    ["cv", validation],
    ["d", key.domain],
    ["i", i],
    ["s", key.selector],
    ["t", t],
  ];
  return signField("ARC-Seal", tags, text, key);
}

async function signField(
  name: string,
  tags: readonly TagText[],
  text: string,
  { key }: SigningKey,
): Promise<HeaderField> {
  const field = writeTags(name, tags);
  return { name, value: field.withSignature(await signText(text + canonicalLast(name, field.bare, "relaxed"), key)) };
}

/** Those of fields that a message signature of ARC may sign: not those of ARC. */
export function sealableNames(fields: readonly string[]): SignedNames {
  const ofArc = [SEAL, MESSAGE_SIGNATURE, RESULTS];
  return new SignedNames(
    fields.filter((name) => !ofArc.includes(name.toLowerCase())),
    [],
  );
}

interface Before {
  readonly instance: number;
  /** cv= */
  readonly validation: "none" | "pass" | "fail";
  /** Sets that the new seal covers. */
  readonly text: string;
}

/** A seal that says "fail" covers its own set only (RFC 8617 §5.1.2). */
function chainBefore(header: SignableHeader, validation: ArcResult["result"]): Before | undefined {
  if (validation === "temperror") return undefined;
  const found = arcSetsOf(header);
  if (found.kind === "broken") {
    if (found.ended || found.highest >= MOST_INSTANCES) return undefined;
    return { instance: found.highest + 1, validation: "fail", text: "" };
  }
  const { sets } = found;
  if (sets.length === 0) return { instance: 1, validation: "none", text: "" };
  if (sets.length >= MOST_INSTANCES) return undefined;
  const instance = sets.length + 1;
  if (validation !== "pass") return { instance, validation: "fail", text: "" };
  const fields = sets.flatMap(({ results, message, seal }) => [results, message.field, seal.field]);
  return { instance, validation, text: fields.map((field) => canonicalField(field, "relaxed")).join("") };
}
