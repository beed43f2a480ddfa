/**
 * A message as one mailer wants it: which header fields, which addresses in them, which line ends; the `From ` line,
 * `Return-Path:`, blank last line, dots stuffed. Long lines of the body are cut, those of the header folded.
 *
 * Not here: changes of the content transfer encoding, which depend on the server (delivery/smtp/body-forms.ts).
 */
import type { Config } from "../config/config.ts";
import type { Mailer } from "../config/mailer.ts";
import type { MessageReader } from "../envelope/message.ts";
import { addressRole } from "../mail/address-fields.ts";
import { ctimeDate } from "../mail/date.ts";
import { foldField } from "../mail/fold.ts";
import { type HeaderField, isField } from "../mail/header.ts";
import { LineShaper, type LineShape } from "../mail/lines.ts";
import type { MacroScope } from "../rewriting/macro-scope.ts";
import { macroValue } from "../rewriting/macro-value.ts";
import { MACRO } from "../rewriting/tokens.ts";
import { HeaderNotes } from "../routing/note-budget.ts";
import { isPromise, type MaybePromise } from "../sys/maybe-promise.ts";
import type { Job } from "./agent.ts";
import { inEightBits } from "./eight-bit-job.ts";
import { rewriteField } from "./header-addresses.ts";

/** SMTP's line limit (RFC 5321 §4.5.3.1.6) without CRLF and one octet for a stuffed dot; F=L asks for it. */
const SMTP_LINE_LIMIT = 990;

export interface WriterOptions {
  /** Tells apart what one mailer writes in different ways. */
  readonly store?: string;
  /** Replaces the mailer's E=: SMTP is always CRLF. */
  readonly eol?: string;
  /** Replaces F=X. */
  readonly stuffDots?: boolean;
  /** false: no `From ` line, whatever the flags say (SMTP, Maildir). */
  readonly fromLines?: boolean;
  /** false: no `>From `, whatever the flags say (Maildir). */
  readonly escapeFrom?: boolean;
  /** false: F=9 does not count; the receiver has to be asked first (SMTP). */
  readonly decodesText?: boolean;
  /** Ends with an empty line, beside that of F=b. */
  readonly blankEnd?: boolean;
  /** true: `From ` line and `>From `, whatever the flags say (mbox). */
  readonly mbox?: boolean;
  /** true: `From ` line, whatever the flags say, but no `>From ` (MMDF, which has other ends of messages). */
  readonly mmdf?: boolean;
}

/** A message ready to be written. */
export interface WrittenMessage {
  /** `From ` line, header and the empty line after it. */
  readonly head: Buffer;
  /** Head and body in order when the body lies in memory. */
  readonly octets: readonly Buffer[] | undefined;
  /** About how many octets it is: exact but for changes of lines in the body. */
  readonly size: number;
  /** All octets, streamed; reading errors are thrown. */
  stream(): AsyncIterable<Buffer>;
}

export type WriteResult =
  | { readonly kind: "message"; readonly message: WrittenMessage }
  | { readonly kind: "tempfail"; readonly reason: string };

/**
 * Messages already written at this attempt (each attempt opens the message anew): the jobs of one message differ in
 * host and user, which neither header rulesets nor the body see, so the jobs of one mailer share the work.
 */
const attempts = new WeakMap<MessageReader, Map<string, Promise<WriteResult>>>();

/**
 * @param scope macros of this delivery with $g set to the sender as this mailer sees it
 */
export function writeMessage(
  config: Config,
  job: Job,
  scope: MacroScope,
  options: WriterOptions = {},
): Promise<WriteResult> {
  let written = attempts.get(job.message);
  if (written === undefined) attempts.set(job.message, (written = new Map()));
  const { owner = "" } = job.recipients[0].recipient;
  const key = [job.mailer.name, options.store ?? "", scope.get("g") ?? "", owner].join("\0");
  const known = written.get(key);
  if (known !== undefined) return known;
  const result = write(config, job, scope, options);
  written.set(key, result);
  return result;
}

async function write(config: Config, given: Job, scope: MacroScope, options: WriterOptions): Promise<WriteResult> {
  const decoded = options.decodesText === false ? given : inEightBits(given, macroValue("j", scope));
  const job = isPromise(decoded) ? await decoded : decoded;
  const shape = shapeOf(job.mailer, options);
  const made = makeBlock(config, job, scope, shape);
  const header = isPromise(made) ? await made : made;
  if (header.kind === "tempfail") return header;
  const fromLine = hasFromLine(job.mailer, options) ? unixFromLine(config, job, scope) + shape.eol : "";
  const head = Buffer.from(fromLine + header.text + shape.eol, "latin1");
  const pieces = job.message.pieces?.() ?? piecesOf(await job.message.bytes());
  const ending = endOf(job.mailer, options, shape.eol);
  if (pieces !== undefined) {
    const all = [head, ...bodyInMemory(pieces, shape, ending)];
    const size = all.reduce((sum, { length }) => sum + length, 0);
    return { kind: "message", message: { head, octets: all, size, stream: () => fromArray(all) } };
  }
  const stream = () => streamed(head, job.message, shape, ending);
  return { kind: "message", message: { head, octets: undefined, size: head.length + job.message.size, stream } };
}

function shapeOf({ flags, eol, lineLimit }: Mailer, options: WriterOptions): LineShape {
  return {
    eol: options.eol ?? eol,
    limit: lineLimit > 0 ? lineLimit : flags.has("L") ? SMTP_LINE_LIMIT : 0,
    stuffDots: options.stuffDots ?? flags.has("X"),
    escapeFrom: options.mbox === true || (options.mmdf !== true && options.escapeFrom !== false && flags.has("E")),
    // F=L alone has meant seven bits since before 8BITMIME; beside L= it means nothing more.
    sevenBit: flags.has("7") || (flags.has("L") && lineLimit <= 0 && !flags.has("8")),
    dropNul: flags.has("1"),
  };
}

// ---- header ----------------------------------------------------------------------------------------------------

type Block = { readonly kind: "block"; readonly text: string } | { readonly kind: "tempfail"; readonly reason: string };

function makeBlock(config: Config, job: Job, scope: MacroScope, shape: LineShape): MaybePromise<Block> {
  const { mailer, addresses } = job;
  const fields = fieldsFor(config, job, scope);
  const oldStyle = config.options.flag("OldStyleHeaders");
  const { limit = 0 } = shape;
  const notes = new HeaderNotes();
  let text = "";
  const step = (index: number): MaybePromise<Block> => {
    for (let next = index; next < fields.length; next++) {
      const { name } = fields[next];
      const value = onItsLines(fields[next].value);
      const role = addressRole(name);
      const before = name.length + 1;
      if (role === undefined) {
        text += `${name}:${limit > 0 ? foldField({ name, value }, limit) : value}\r\n`;
        continue;
      }
      const asked = { role, part: "header", notes: notes.nextField() } as const;
      const rewrite = (address: string) => addresses.rewrite(mailer, address, asked, scope);
      const add = (answer: string): void => {
        const rewritten = onItsLines(answer);
        text += `${name}:${limit > 0 ? foldField({ name, value: rewritten }, limit) : rewritten}\r\n`;
      };
      const field = rewriteField(value, before, rewrite, oldStyle);
      if (isPromise(field)) {
        return field.then((rewritten) => {
          if (rewritten.kind !== "value") return rewritten;
          add(rewritten.value);
          return step(next + 1);
        });
      }
      if (field.kind !== "value") return field;
      add(field.value);
    }
    return { kind: "block", text: shapeHeader(text, mailer, shape) };
  };
  return step(0);
}

/** The fields that this mailer gets, `Return-Path:` first when it wants one (RFC 5321 §4.4). */
function fieldsFor(config: Config, job: Job, scope: MacroScope): HeaderField[] {
  const { envelope, mailer } = job;
  const fields: HeaderField[] = [];
  if (mailer.flags.has("P")) fields.push({ name: "Return-Path", value: ` ${returnPath(config, job, scope)}` });
  for (const field of envelope.headers) {
    // One from an earlier delivery says nothing about this one, and a relayed message must not carry it.
    if (field.name.length === 11 && field.name.toLowerCase() === "return-path") continue;
    // Nor does the length that it had elsewhere; readers of mailboxes that believe it cut the message there.
    if (field.flags === undefined && field.name.length === 14 && field.name.toLowerCase() === "content-length")
      continue;
    if (field.flags !== undefined && !hasOneOf(mailer.flags, field.flags)) continue;
    fields.push(field);
  }
  const author = absentAuthor(config, job, scope);
  if (author !== undefined) fields.push(author);
  return fields;
}

/**
 * A message from nobody got no From field when it came. Mailers that have a name for nobody ($g, usually
 * MAILER-DAEMON) get the one that the H line makes of that.
 */
function absentAuthor(config: Config, { envelope, recipients }: Job, scope: MacroScope): HeaderField | undefined {
  const name = scope.get("g") ?? "";
  const known = envelope.sender !== "" || recipients[0].recipient.owner !== undefined;
  if (known || name === "" || name === "<>") return undefined;
  if (envelope.headers.some((field) => isField(field, "From") && field.value.trim() !== "")) return undefined;
  const rule = config.headers.find((each) => each.template !== undefined && each.name.toLowerCase() === "from");
  const text = rule?.template === undefined ? "" : config.expand(rule.template, scope.child([["x", undefined]])).trim();
  return text === "" ? undefined : { name: "From", value: ` ${text}` };
}

function hasOneOf(flags: ReadonlySet<string>, wanted: string): boolean {
  for (const flag of wanted) if (flags.has(flag)) return true;
  return false;
}

/** What the configuration's `H?P?Return-Path:` line says, else `<$g>`. */
function returnPath(config: Config, { envelope }: Job, scope: MacroScope): string {
  if (envelope.sender === "") return "<>";
  const rule = config.headers.find(
    ({ name, template }) => template !== undefined && name.toLowerCase() === "return-path",
  );
  const text = rule?.template === undefined ? `<${scope.get("g") ?? ""}>` : config.expand(rule.template, scope).trim();
  return text.includes("<<>>") ? text.replace("<<>>", "<>") : text;
}

/** A value whose lines, but for the first, begin with a blank: another line end would begin a field, or the body. */
function onItsLines(value: string): string {
  if (!value.includes("\n") && !value.includes("\r")) return value;
  return value.replace(/(\r?\n)(?=[ \t])|[\r\n]+/g, (_whole, fold?: string) => (fold === undefined ? " " : "\r\n"));
}

/** Line ends, dots and high bits of the header, as far as the mailer does not take them as they are. */
function shapeHeader(text: string, { flags }: Mailer, shape: LineShape): string {
  const sevenBit = shape.sevenBit === true || flags.has("6");
  let shaped = text;
  if (sevenBit && /[\x80-\xff]/.test(shaped)) shaped = shaped.replace(/[\x80-\xff]/g, withoutHighBit);
  // The name of a field may begin with one.
  if (shape.stuffDots === true) shaped = shaped.replace(/^\./gm, "..");
  return shape.eol === "\r\n" ? shaped : shaped.replaceAll("\r\n", shape.eol);
}

/** What would be a line end, or another control character, without its eighth bit is none. */
function withoutHighBit(high: string): string {
  const low = high.charCodeAt(0) & 127;
  return low < 32 || low === 127 ? "?" : String.fromCharCode(low);
}

// ---- From line and body ------------------------------------------------------------------------------------------

function hasFromLine({ flags }: Mailer, options: WriterOptions): boolean {
  return options.mbox === true || options.mmdf === true || (options.fromLines !== false && !flags.has("n"));
}

/**
 * Option UnixFromLine, `From $g $d`. For mailers with F=U a bang path names its first host at the end:
 * `a!b!joe` is `From b!joe DATE remote from a`.
 */
function unixFromLine(config: Config, { envelope, mailer }: Job, scope: MacroScope): string {
  const sender = scope.get("g") ?? "";
  const nobody = envelope.sender === "" || sender === "<>" || sender === "";
  const line = scope.child([
    ["g", nobody ? macroValue("n", scope) || "MAILER-DAEMON" : sender],
    // A From line without a date ends no message for the readers of mailboxes.
    ["d", scope.get("d") ?? ctimeDate(envelope.arrived)],
  ]);
  const bang = mailer.flags.has("U") && !nobody ? sender.indexOf("!") : -1;
  const text =
    bang > 0
      ? `From ${sender.slice(bang + 1)}  ${macroValue("d", line)} remote from ${sender.slice(0, bang)}`
      : config.expand(config.options.text("UnixFromLine") || `From ${MACRO}g ${MACRO}d`, line);
  // A line end inside would let a sender write header fields of his own.
  return text.replaceAll(/[\r\n]+/g, " ");
}

/** Empty lines at the end, as the original counts them: F=b asks for one, a file has one in any case. */
function endOf({ flags }: Mailer, options: WriterOptions, eol: string): Buffer {
  const isFile = options.blankEnd === true || options.mbox === true;
  return Buffer.from(eol.repeat(Number(flags.has("b")) + Number(isFile)));
}

function piecesOf(body: Buffer | undefined): readonly Buffer[] | undefined {
  return body && [body];
}

function bodyInMemory(pieces: readonly Buffer[], shape: LineShape, ending: Buffer): Buffer[] {
  const shaper = new LineShaper(shape);
  const shaped = pieces.map((piece) => shaper.shape(piece));
  return [...shaped, shaper.end(), ending].filter(({ length }) => length > 0);
}

async function* streamed(
  head: Buffer,
  message: MessageReader,
  shape: LineShape,
  ending: Buffer,
): AsyncGenerator<Buffer> {
  yield head;
  const source = message.stream();
  const shaper = new LineShaper(shape);
  try {
    for await (const chunk of source) {
      const shaped = shaper.shape(chunk as Buffer);
      if (shaped.length > 0) yield shaped;
    }
  } finally {
    source.destroy();
  }
  const rest = shaper.end();
  if (rest.length > 0) yield rest;
  if (ending.length > 0) yield ending;
}

async function* fromArray(parts: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* parts;
}
