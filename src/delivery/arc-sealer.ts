/**
 * Seals mail of others that is sent on (ARC, RFC 8617): what this host found out about its sender when it came in is kept under a
 * seal, for whoever gets it. Option ARCSeal names the domain that seals; only mail that was looked at (SenderChecks=arc) is sealed:
 * the result is kept with the message as {arc}, all results in the Authentication-Results field that was added here.
 */
import { sealableNames, startSealer } from "../authentication/arc/seal.ts";
import type { ArcResult } from "../authentication/arc/verify.ts";
import { authservIdOf, RESULTS_FIELD } from "../authentication/results-field.ts";
import type { SignedNames } from "../authentication/dkim/sign.ts";
import type { KeyRing } from "../authentication/signing/key-ring.ts";
import type { SigningSettings } from "../authentication/signing/settings.ts";
import { readSenderChecks } from "../config/sender-checks.ts";
import { type HeaderField, isField } from "../mail/header.ts";
import type { Job } from "./agent.ts";
import type { DeliveryEnvironment } from "./environment.ts";
import { fieldsOf, withFieldsInFront } from "./fields-in-front.ts";
import type { WrittenMessage } from "./message-writer.ts";

type Environment = Pick<DeliveryEnvironment, "config" | "clock" | "log">;

/** As the lines of signatures. */
const SEALED_LEVEL = 9;
const PROBLEM_LEVEL = 3;

export class ArcSealer {
  readonly #environment: Environment;
  readonly #settings: SigningSettings;
  readonly #ring: KeyRing;
  /** Our name in Authentication-Results; undefined: nothing is to be sealed. */
  readonly #authservId: string | undefined;
  readonly #names: SignedNames;
  #complained = false;

  constructor(environment: Environment, settings: SigningSettings, ring: KeyRing) {
    this.#environment = environment;
    this.#settings = settings;
    this.#ring = ring;
    this.#names = sealableNames(settings.fields);
    const checks = settings.sealAs === "" ? undefined : readSenderChecks(environment.config);
    this.#authservId = checks?.authservId.toLowerCase();
  }

  /**
   * The message with a seal, or as it is: one that cannot be sealed is sent all the same.
   * @param fields its header
   */
  async seal({ envelope }: Job, message: WrittenMessage, fields: readonly HeaderField[]): Promise<WrittenMessage> {
    if (this.#authservId === undefined) return message;
    const validation = VALIDATIONS.get(envelope.macros.arc ?? "");
    const results = fields.find((field) => this.#isOurs(field));
    if (validation === undefined || results === undefined) return message;
    const { clock, log } = this.#environment;
    const { sealAs } = this.#settings;
    const choice = this.#ring.keysOf(sealAs, clock.now());
    if (choice.kind !== "keys") {
      this.#complain(choice.kind === "failed" ? choice.reason : `there is no key of ${sealAs}`);
      return message;
    }
    // Most verifiers know RSA only; it is in front where there is a key of both kinds.
    const [key] = choice.keys;
    const sealer = startSealer(fields, key, { clock, names: this.#names, validation, results: results.value.trim() });
    const made = await fieldsOf(message, sealer);
    if (made.length === 0) return message;
    const text = `arc=sealed, d=${key.domain}, s=${key.selector}, cv=${validation}`;
    log.write(SEALED_LEVEL, { priority: "info", id: envelope.id, text });
    return withFieldsInFront(message, made);
  }

  #isOurs(field: HeaderField): boolean {
    return isField(field, RESULTS_FIELD) && authservIdOf(field.value)?.toLowerCase() === this.#authservId;
  }

  #complain(reason: string): void {
    if (this.#complained) return;
    this.#complained = true;
    this.#environment.log.write(PROBLEM_LEVEL, { priority: "err", text: `ARC: mail is not sealed: ${reason}` });
  }
}

/** {arc} as it is kept with a message. */
const VALIDATIONS: ReadonlyMap<string, ArcResult["result"]> = new Map(
  (["none", "pass", "fail", "temperror"] as const).map((result) => [result, result]),
);
