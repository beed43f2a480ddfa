/**
 * One message as different servers take it (EightBitMode, RFC 6152 §3): as it is, with a label that says that it has eight
 * bits, or with every part that has some encoded. Made when the first server needs it, once for each form.
 *
 *     F=8                             as it is
 *     server has 8BITMIME, no F=7     as it is; without MIME fields and EightBitMode=m: labelled
 *     it has not, or F=7              MIME: converted. Without MIME fields: EightBitMode=m labelled and converted, p as it is
 *     F=9, server has 8BITMIME        text/plain that is encoded: decoded (eight-bit-job.ts)
 *     EightBitMode=s                  a message with eight bits and without a label is refused (unless BODY=8BITMIME said so)
 *
 * Forms are shared by all jobs of a mailer; where the server signs, each is signed when it is needed (delivery/signing.ts).
 */
import type { Config } from "../../config/config.ts";
import type { Envelope } from "../../envelope/envelope.ts";
import type { MessageReader } from "../../envelope/message.ts";
import { type HeaderField, isField } from "../../mail/header.ts";
import { mimeEntity, type MimeEntity } from "../../mail/mime-entity.ts";
import { planSevenBit, type LeafEncoding, type SevenBitStyle, writeSevenBit } from "../../mail/seven-bit-body.ts";
import type { MacroScope } from "../../rewriting/macro-scope.ts";
import { macroValue } from "../../rewriting/macro-value.ts";
import { Readable } from "node:stream";
import type { Job } from "../agent.ts";
import { inEightBits } from "../eight-bit-job.ts";
import { type WriteResult, writeMessage, type WrittenMessage } from "../message-writer.ts";
import { deferred, failed, type Outcome } from "../outcome.ts";
import type { Signing } from "../signing.ts";

export type BodyForm =
  | { readonly kind: "form"; readonly job: Job; readonly message: WrittenMessage }
  | { readonly kind: "refused"; readonly outcome: Outcome };

type FormName = "as it is" | "labelled" | "seven bits" | "decoded";

/** Bodies up to this size are converted in memory, octets. */
const IN_MEMORY = 256 * 1024;

/** What a form of a message consists of, whoever it is for. */
interface Changed {
  readonly headers: readonly HeaderField[];
  readonly eightBit: boolean;
  readonly bodyType: Envelope["bodyType"];
  readonly message: MessageReader;
}

/** Forms that were made at this attempt (each attempt opens the message anew), by mailer, form, and whose message it is. */
const conversions = new WeakMap<MessageReader, Map<string, Promise<Changed | undefined>>>();

export class BodyForms {
  readonly #config: Config;
  readonly #job: Job;
  readonly #scope: MacroScope;
  readonly #written: WrittenMessage;
  readonly #signing: Signing | undefined;
  readonly #made = new Map<FormName, Promise<BodyForm>>();

  /** @param written the message as it is */
  constructor(config: Config, job: Job, scope: MacroScope, written: WrittenMessage, signing?: Signing) {
    this.#config = config;
    this.#job = job;
    this.#scope = scope;
    this.#written = written;
    this.#signing = signing;
  }

  /** @param eightBitPeer the server has offered 8BITMIME */
  for(eightBitPeer: boolean): Promise<BodyForm> | BodyForm {
    const name = this.#formFor(eightBitPeer);
    if (name === undefined) return { kind: "refused", outcome: failed("5.6.1", "Eight bit data not allowed") };
    if (name === "as it is" && this.#signing === undefined) return this.#asItIs();
    let form = this.#made.get(name);
    if (form === undefined) this.#made.set(name, (form = this.#make(name)));
    return form;
  }

  #asItIs(): BodyForm {
    return { kind: "form", job: this.#job, message: this.#written };
  }

  #formFor(eightBitPeer: boolean): FormName | undefined {
    const { envelope, mailer } = this.#job;
    const takesEight = (eightBitPeer || mailer.flags.has("8")) && !mailer.flags.has("7");
    if (!envelope.eightBit) return mailer.flags.has("9") && takesEight ? "decoded" : "as it is";
    const mode = this.#config.options.text("EightBitMode").charAt(0).toLowerCase();
    const isMime = envelope.headers.some((field) => isField(field, "MIME-Version"));
    if (!isMime && envelope.bodyType !== "8BITMIME") {
      if (mode === "s") return undefined;
      if (mode !== "m") return "as it is";
    }
    if (mailer.flags.has("8")) return "as it is";
    if (takesEight) return isMime ? "as it is" : "labelled";
    return "seven bits";
  }

  async #make(name: FormName): Promise<BodyForm> {
    try {
      const form = name === "as it is" ? this.#asItIs() : await this.#unsigned(name);
      if (this.#signing === undefined || form.kind === "refused") return form;
      const signed = await this.#signing.sign(form.job, this.#scope, form.message);
      return signed.kind === "refused" ? signed : { ...form, message: signed.message };
    } catch (error) {
      // The body could not be read.
      const reason = error instanceof Error ? error.message : String(error);
      return { kind: "refused", outcome: deferred("4.3.0", `cannot read the message: ${reason}`) };
    }
  }

  async #unsigned(name: FormName): Promise<BodyForm> {
    const changed = await this.#conversion(name);
    if (changed === undefined) return this.#asItIs();
    const { message, bodyType, ...rest } = changed;
    const { bodyType: _, ...envelope } = this.#job.envelope;
    const whole = { ...envelope, ...rest, ...(bodyType !== undefined && { bodyType }) };
    const job = { ...this.#job, envelope: whole, message };
    return this.#form(job, await writeMessage(this.#config, job, this.#scope, { ...SMTP_WRITING, store: name }));
  }

  /** undefined: nothing had to be changed. */
  #conversion(name: FormName): Promise<Changed | undefined> {
    const { message, mailer, recipients } = this.#job;
    let known = conversions.get(message);
    if (known === undefined) conversions.set(message, (known = new Map()));
    const key = [mailer.name, name, recipients[0].recipient.owner ?? ""].join("\0");
    let changed = known.get(key);
    if (changed === undefined) {
      changed = this.#changed(name).then((job) => {
        const { headers, eightBit, bodyType } = job.envelope;
        return job === this.#job ? undefined : { headers, eightBit, bodyType, message: job.message };
      });
      known.set(key, changed);
    }
    return changed;
  }

  async #changed(name: FormName): Promise<Job> {
    if (name === "decoded") return inEightBits(this.#job, macroValue("j", this.#scope));
    const { envelope } = this.#job;
    const isMime = envelope.headers.some((field) => isField(field, "MIME-Version"));
    const headers = isMime ? envelope.headers : this.#labelled(envelope.headers, await this.#job.charset?.());
    const job: Job = { ...this.#job, envelope: { ...envelope, headers } };
    return name === "seven bits" ? this.#inSevenBits(job) : job;
  }

  #form(job: Job, written: WriteResult): BodyForm {
    if (written.kind === "tempfail") return { kind: "refused", outcome: deferred("4.4.3", written.reason) };
    return { kind: "form", job, message: written.message };
  }

  /** The fields of a message that came without them. A type that is there stays. */
  #labelled(headers: readonly HeaderField[], own: string | undefined): HeaderField[] {
    const charset = own ?? (this.#config.options.text("DefaultCharSet") || "unknown-8bit");
    const label = [
      { name: "MIME-Version", value: " 1.0" },
      { name: "Content-Type", value: ` text/plain; charset=${charset}` },
      { name: "Content-Transfer-Encoding", value: " 8bit" },
    ];
    return [...headers, ...label.filter(({ name }) => !headers.some((field) => isField(field, name)))];
  }

  async #inSevenBits(job: Job): Promise<Job> {
    const { headers } = job.envelope;
    const top = mimeEntity(valueOf(headers, "Content-Type"), valueOf(headers, "Content-Transfer-Encoding"));
    const plan = await planSevenBit(top, job.message.stream());
    const style: SevenBitStyle = {
      note: this.#note(),
      careful: job.mailer.flags.has("3"),
      fromSafe: job.mailer.flags.has("E"),
    };
    const convert = () => writeSevenBit(top, plan, style, job.message.stream());
    const message: MessageReader = {
      size: plan.size,
      bytes: async () => (job.message.size > IN_MEMORY ? undefined : Buffer.concat(await all(convert()))),
      stream: () => Readable.from(convert(), { objectMode: false }),
    };
    const { bodyType: _, ...envelope } = job.envelope;
    const encoding = top.kind === "leaf" ? plan.leaves[0] : undefined;
    const changed = { ...envelope, headers: sevenBitFields(headers, top, encoding, style), eightBit: false };
    return { ...job, envelope: changed, message };
  }

  #note(): (encoding: LeafEncoding) => string {
    const host = macroValue("j", this.#scope);
    return (encoding) => `from 8bit to ${encoding} by ${host} id ${this.#job.envelope.id}`;
  }
}

/** What SMTP wants of a message, whatever the mailer says. */
export const SMTP_WRITING = { eol: "\r\n", stuffDots: true, fromLines: false, decodesText: false } as const;
const LABEL = "Content-Transfer-Encoding";

function sevenBitFields(
  headers: readonly HeaderField[],
  { kind }: MimeEntity,
  encoding: LeafEncoding | undefined,
  { note }: SevenBitStyle,
): HeaderField[] {
  const rest = headers.filter((field) => !isField(field, LABEL));
  // A whole that has got seven bits only has no label that says otherwise (RFC 2045 §6.4).
  if (kind === "multipart" || kind === "message") return rest;
  if (encoding === undefined || encoding === "as it is") return [...headers];
  const at = headers.findIndex((field) => isField(field, LABEL));
  const place = at < 0 ? rest.length : at;
  const label = { name: LABEL, value: ` ${encoding}` };
  const told = { name: "X-MIME-Autoconverted", value: ` ${note(encoding)}` };
  return [...rest.slice(0, place), label, ...rest.slice(place), told];
}

function valueOf(headers: readonly HeaderField[], name: string): string | undefined {
  return headers.find((field) => isField(field, name))?.value.replaceAll(/\r?\n(?=[ \t])/g, "");
}

async function all(chunks: AsyncIterable<Buffer>): Promise<Buffer[]> {
  const found: Buffer[] = [];
  for await (const chunk of chunks) found.push(chunk);
  return found;
}
