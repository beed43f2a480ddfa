/**
 * Signs messages in the form in which they leave: after header rewriting, changes of lines and of the encoding, so that what is
 * signed is what is sent. Which messages: ruleset sign_mail; with which keys: authentication/signing/key-ring.ts.
 *
 * A ruleset is asked with the address in From, and answers with `$#`: `YES` (by the keys of that domain), `NO`, or another domain
 * whose keys sign. Without the ruleset mail is signed that came from this machine or from a client with a login.
 */
import { type KeyRing, openKeyRing } from "../authentication/signing/key-ring.ts";
import { type SigningSettings, signingSettings } from "../authentication/signing/settings.ts";
import { SignedNames, type SigningKey, type SigningOptions, startSigner } from "../authentication/dkim/sign.ts";
import type { Envelope } from "../envelope/envelope.ts";
import { addressSpans, bareMailbox } from "../mail/address-list.ts";
import { findField, type HeaderField, parseHeader, unfold } from "../mail/header.ts";
import { withoutStuffedDots } from "../mail/stuffed-dots.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import type { Job } from "./agent.ts";
import type { DeliveryEnvironment } from "./environment.ts";
import { fieldsOf, withFieldsInFront } from "./fields-in-front.ts";
import { ArcSealer } from "./arc-sealer.ts";
import type { WrittenMessage } from "./message-writer.ts";
import { deferred } from "./outcome.ts";
import type { Signed, Signing } from "./signing.ts";

type Environment = Pick<DeliveryEnvironment, "config" | "rules" | "clock" | "log">;

const RULESET = "sign_mail";
/** Level of the line about each signature, as that of a delivery. */
const SIGNED_LEVEL = 9;
const PROBLEM_LEVEL = 3;

export function openSigner(environment: Environment): Signing | undefined {
  const settings = signingSettings(environment.config.options);
  const ring = openKeyRing(environment.config);
  return settings && ring && new MessageSigner(environment, settings, ring);
}

/** What the ruleset, or what stands in for it, says about a message. */
type Wish =
  | { readonly kind: "keys of"; readonly address: string }
  | { readonly kind: "unsigned" }
  | { readonly kind: "failed"; readonly reason: string };

class MessageSigner implements Signing {
  readonly #environment: Environment;
  readonly #settings: SigningSettings;
  readonly #ring: KeyRing;
  readonly #options: SigningOptions;
  /** What is sent to several hosts is one object until it is delivered. */
  readonly #signed = new WeakMap<WrittenMessage, Promise<Signed>>();
  /** What is wrong with keys is said once. */
  readonly #told = new Set<string>();
  readonly #sealer: ArcSealer;

  constructor(environment: Environment, settings: SigningSettings, ring: KeyRing) {
    this.#sealer = new ArcSealer(environment, settings, ring);
    this.#environment = environment;
    this.#settings = settings;
    this.#ring = ring;
    const { fields, oversign, expireSeconds } = settings;
    this.#options = {
      clock: environment.clock,
      names: new SignedNames(fields, oversign),
      ...(expireSeconds !== undefined && { expireSeconds }),
    };
  }

  sign(job: Job, scope: MacroScope, message: WrittenMessage): Promise<Signed> {
    let signed = this.#signed.get(message);
    if (signed === undefined) this.#signed.set(message, (signed = this.#sign(job, scope, message)));
    return signed;
  }

  async #sign(job: Job, scope: MacroScope, message: WrittenMessage): Promise<Signed> {
    const { fields } = parseHeader(withoutStuffedDots(message.head.toString("latin1")).slice(0, -"\r\n".length));
    const wish = await this.#wish(job.envelope, scope, authorOf(fields));
    if (wish.kind === "unsigned") return this.#unsigned(job, message, fields);
    if (wish.kind === "failed") return this.#failed(job, message, wish.reason);
    const choice = this.#ring.keysFor(wish.address, this.#environment.clock.now());
    if (choice.kind === "none") return this.#unsigned(job, message, fields);
    if (choice.kind === "failed") return this.#failed(job, message, choice.reason);
    choice.problems.forEach((problem) => this.#tell(problem));
    return { kind: "message", message: await this.#withSignatures(job, message, fields, choice.keys) };
  }

  async #unsigned(job: Job, message: WrittenMessage, fields: readonly HeaderField[]): Promise<Signed> {
    return { kind: "message", message: await this.#sealer.seal(job, message, fields) };
  }

  async #wish(envelope: Envelope, scope: MacroScope, author: string | undefined): Promise<Wish> {
    const address = author ?? "";
    // What the answer may depend on is the same for all hosts that get this form.
    const whole = scope.child(["h", "u", "rcpt_host", "rcpt_addr"].map((name) => [name, undefined]));
    const said = await this.#environment.rules?.select(RULESET, [address], whole);
    const wanted = said ?? (isOurs(envelope) ? "YES" : "NO");
    const word = wanted.trim().split(/\s+/)[0].toLowerCase();
    if (word === "error") return { kind: "failed", reason: `${RULESET} says: ${wanted}` };
    if (word === "" || word === "no") return { kind: "unsigned" };
    if (word !== "yes")
      return { kind: "keys of", address: `${address.replace(/@[^@]*$/, "")}@${wanted.replaceAll(/\s/g, "")}` };
    return author === undefined ? { kind: "unsigned" } : { kind: "keys of", address };
  }

  async #withSignatures(
    job: Job,
    message: WrittenMessage,
    fields: readonly HeaderField[],
    keys: readonly SigningKey[],
  ): Promise<WrittenMessage> {
    const signer = startSigner(fields, keys, this.#options);
    const made = await fieldsOf(message, signer);
    this.#log(job, keys);
    return withFieldsInFront(message, made);
  }

  #failed({ envelope }: Job, message: WrittenMessage, reason: string): Signed {
    const { log } = this.#environment;
    const { defers } = this.#settings;
    const text = `dkim=failed, ${defers ? "the message waits" : "sent without a signature"}, reason=${reason}`;
    log.write(PROBLEM_LEVEL, { priority: "err", id: envelope.id, text });
    if (!defers) return { kind: "message", message };
    // Senders may read this in a report; which file is wrong is for the log.
    return { kind: "refused", outcome: deferred("4.7.5", "the message cannot be signed (DKIM) at the moment") };
  }

  #tell(problem: string): void {
    if (this.#told.has(problem)) return;
    this.#told.add(problem);
    this.#environment.log.write(PROBLEM_LEVEL, { priority: "err", text: `DKIM: ${problem}` });
  }

  #log({ envelope }: Job, keys: readonly SigningKey[]): void {
    const { log } = this.#environment;
    if (!log.enabled(SIGNED_LEVEL)) return;
    for (const domain of new Set(keys.map((key) => key.domain))) {
      const selectors = keys.flatMap((key) => (key.domain === domain ? key.selector : []));
      log.write(SIGNED_LEVEL, {
        priority: "info",
        id: envelope.id,
        text: `dkim=signed, d=${domain}, s=${selectors.join(",")}`,
        fields: () => ({ dkim: "signed", d: domain, s: selectors }),
      });
    }
  }
}

/** From this machine, from a client that has shown who it is, or our own report. */
function isOurs({ macros, isReport }: Envelope): boolean {
  const { auth_type = "", client_addr = "" } = macros;
  return isReport || auth_type !== "" || LOCAL.has(client_addr.toLowerCase());
}

const LOCAL: ReadonlySet<string> = new Set(["", "0", "127.0.0.1", "::1", "ipv6:::1", "ipv6:0:0:0:0:0:0:0:1"]);

/** The first address of From, without phrase and comments; undefined where there is none with a domain. */
function authorOf(fields: readonly HeaderField[]): string | undefined {
  const from = findField(fields, "From");
  if (from === undefined) return undefined;
  const value = unfold(from.value);
  for (const { start, end } of addressSpans(value)) {
    const address = bareMailbox(value.slice(start, end))
      .replace(/^\s*<(?:@[^:>]*:)?/, "")
      .replace(/>$/, "")
      .trim();
    if (address.includes("@")) return address;
  }
  return undefined;
}
