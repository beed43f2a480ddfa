/** What a filter wants changed about a message (SMFIR_*), carried out at once: what the next filter sees is the result. */
import type { Recipient } from "../envelope/recipient.ts";
import { type Edit, FilterError } from "../milter/filter.ts";
import { isFieldName } from "../mail/header.ts";
import { isNotify, type Notify, readNotify } from "../mail/notify.ts";
import { isXtext } from "../mail/xtext.ts";
import { type MaybePromise, whenReady } from "../sys/maybe-promise.ts";
import { type FilterLog, quoted } from "./filter-log.ts";
import type { MessageAtHand } from "./message-at-hand.ts";
import type { HeaderChange } from "./header-list.ts";
import { addRecipient } from "./recipient.ts";
import { resolveSender } from "./sender.ts";
import type { Transaction } from "./transaction.ts";

/** Of edits, all that is in memory; each counts as so much at least. */
const MOST_OCTETS = 32 << 20;
const LEAST_WEIGHT = 128;

export class FilterEdits {
  readonly #transaction: Transaction;
  readonly #message: MessageAtHand;
  readonly #log: FilterLog;
  readonly #who: string;
  /** Octets of all edits but new bodies. */
  #size = 0;

  /** @param name of the filter */
  constructor(transaction: Transaction, message: MessageAtHand, log: FilterLog, name: string) {
    this.#transaction = transaction;
    this.#message = message;
    this.#log = log;
    this.#who = name;
  }

  /** Throws FilterError where a filter asks for more than any message can hold. */
  apply(edit: Edit): MaybePromise<void> {
    this.#weigh(edit);
    switch (edit.kind) {
      case "add-header":
        return this.#addHeader(edit.name, cleanValue(edit.value));
      case "insert-header":
        return this.#insertHeader(edit.index, edit.name, cleanValue(edit.value));
      case "change-header":
        return this.#changeHeader(edit.index, edit.name, edit.value === undefined ? undefined : cleanValue(edit.value));
      case "add-recipient":
        return this.#addRecipient(edit.path, edit.parameters);
      case "delete-recipient":
        return this.#deleteRecipient(edit.path);
      case "change-sender":
        return this.#changeSender(edit.path, edit.parameters);
      case "replace-body":
        return this.#message.replace(edit.chunk);
      case "quarantine":
        return this.#quarantine(edit.reason);
    }
  }

  #weigh(edit: Edit): void {
    if (edit.kind === "replace-body") return;
    const parameters = "parameters" in edit ? edit.parameters.join(" ") : "";
    const text = "value" in edit ? (edit.value ?? "") : "path" in edit ? edit.path : "";
    this.#size += LEAST_WEIGHT + text.length + parameters.length;
    if (this.#size > MOST_OCTETS) {
      throw new FilterError(this.#who, "protocol", `it asked for more than ${MOST_OCTETS >> 20} MB of changes`);
    }
  }

  /** The filter has said all. */
  async finish(): Promise<void> {
    if (await this.#message.replacedAll()) this.#note(" message: body replaced");
  }

  #addHeader(name: string, value: string): void {
    if (this.#isBad(name)) return;
    const { kind } = this.#message.header.add(name, value);
    const [before, between, after] =
      kind === "changed" ? ["change: default header ", " value with", ""] : ["add: header: ", ":", ""];
    this.#note(` ${before}${name}${between}${fieldWords(value)}${after}`);
  }

  #insertHeader(index: number, name: string, value: string): void {
    if (this.#isBad(name)) return;
    this.#message.header.insert(index, name, value);
    this.#note(` insert (${index}): header: ${name}:${fieldWords(value)}`);
  }

  #changeHeader(index: number, name: string, value: string | undefined): void {
    if (this.#isBad(name)) return;
    const change = this.#message.header.change(index, name, value);
    if (this.#log.enabled("change")) this.#note(` ${changeWords(change, name, value)}`);
  }

  /** A name that is none would make lines of its own of the header. */
  #isBad(name: string): boolean {
    if (isFieldName(name)) return false;
    this.#note(`: ignored header field with bad name "${quoted(name)}"`);
    return true;
  }

  async #addRecipient(path: string, parameters: readonly string[]): Promise<void> {
    const address = bare(path);
    this.#note(` add: rcpt: ${quoted(path)}`);
    if (address === "") return;
    await addRecipient(this.#transaction, { address, ...this.#recipientParameters(parameters) });
  }

  /** NOTIFY= and ORCPT=; what cannot be understood is left out. */
  #recipientParameters(parameters: readonly string[]): Pick<Recipient, "notify" | "orcpt"> {
    const read: { notify?: readonly Notify[]; orcpt?: string } = {};
    for (const each of parameters) {
      const [keyword, value] = split(each);
      const notify = keyword === "NOTIFY" ? readNotify(value) : undefined;
      if (notify !== undefined && !("bad" in notify)) read.notify = notify.filter(isNotify);
      else if (keyword === "ORCPT" && /^[A-Za-z0-9-]+;./.test(value) && isXtext(value)) read.orcpt = value;
      else this.#note(`: ignored parameter ${quoted(each)} of a recipient`);
    }
    return read;
  }

  /** Everybody who gets his mail where this address leads. */
  #deleteRecipient(path: string): MaybePromise<void> {
    const { site, scope } = this.#transaction;
    const address = bare(path);
    const resolving = address === "" ? undefined : site.rules.resolve(address, scope);
    return whenReady(resolving, (resolution) => {
      const triple = resolution?.kind === "triple" ? resolution.triple : undefined;
      const { recipients } = this.#transaction;
      const left = recipients.filter(({ given, resolved }) => {
        if (sameAddress(given, address)) return false;
        if (triple === undefined || resolved === undefined) return true;
        const { mailer, host, user } = resolved;
        return !(mailer === triple.mailer && host.toLowerCase() === triple.host.toLowerCase() && user === triple.user);
      });
      this.#transaction.recipients = left;
      this.#note(` delete: rcpt ${quoted(path)}, naddrs=${recipients.length - left.length}`);
    });
  }

  #changeSender(path: string, parameters: readonly string[]): MaybePromise<void> {
    const { site, scope, announced } = this.#transaction;
    const address = bare(path);
    this.#note(` chgfrom: ${quoted(path)}`);
    return whenReady(resolveSender(site.rules, address, `<${address}>`, scope), (bad) => {
      if (bad !== undefined)
        return this.#note(`: the sender stays ${quoted(announced.sender)}: ${quoted(bad.lines[0])}`);
      const read: { ret?: "FULL" | "HDRS"; envid?: string; bodyType?: "7BIT" | "8BITMIME" } = {};
      for (const each of parameters) {
        const [keyword, value] = split(each);
        const word = value.toUpperCase();
        if (keyword === "RET" && (word === "FULL" || word === "HDRS")) read.ret = word;
        else if (keyword === "BODY" && (word === "7BIT" || word === "8BITMIME")) read.bodyType = word;
        else if (keyword === "ENVID" && isXtext(value)) read.envid = value;
        // A size says nothing any more.
        else if (keyword !== "SIZE") this.#note(`: ignored parameter ${quoted(each)} of the sender`);
      }
      this.#transaction.announce({ sender: address, ...read });
    });
  }

  #quarantine(reason: string): void {
    this.#transaction.decided({ kind: "quarantine", reason });
    this.#log.write("refusal", this.#transaction.id, `milter=${this.#who}, quarantine=${quoted(reason)}`);
  }

  #note(text: string): void {
    this.#log.write("change", this.#transaction.id, `Milter (${this.#who})${text}`);
  }
}

/** A value as it is logged: line ends as filters write them. */
function fieldWords(value: string): string {
  return quoted(value.replaceAll("\r\n", "\n"));
}

function changeWords(change: HeaderChange, name: string, value: string | undefined): string {
  if (change.kind === "nothing") return `delete (noop): header: ${name}`;
  if (!("before" in change)) return `change (add): header: ${name}:${fieldWords(value ?? "")}`;
  const whose = change.wasDefault ? "(default header) " : "";
  const before = change.before === undefined ? "<NULL>" : fieldWords(change.before);
  if (change.kind === "deleted") return `delete: header ${whose}${name}:${before}`;
  return `change: header ${whose}${name}: from ${before} to ${fieldWords(value ?? "").replace(/^ /, "")}`;
}

/** What stands behind the colon of a field: folded lines begin with white space, and there are no other control characters. */
function cleanValue(value: string): string {
  return value
    .replaceAll("\0", "")
    .replace(/\r\n|\r|\n/g, "\n")
    .replace(/\n+$/, "")
    .replace(/\n(?![ \t])/g, " ")
    .replaceAll("\n", "\r\n");
}

/** Between the angle brackets, where there are some. */
function bare(path: string): string {
  const text = path.trim();
  return (text.startsWith("<") && text.endsWith(">") ? text.slice(1, -1) : text).replace(/[\x00-\x1f\x7f]/g, "").trim();
}

/** Local parts may differ in the case of their letters, domains may not (RFC 5321 §2.4). */
function sameAddress(one: string, other: string): boolean {
  const at = one.lastIndexOf("@");
  if (at !== other.lastIndexOf("@")) return false;
  return at < 0
    ? one === other
    : one.slice(0, at) === other.slice(0, at) && one.slice(at).toLowerCase() === other.slice(at).toLowerCase();
}

/** "NOTIFY=NEVER" */
function split(parameter: string): readonly [keyword: string, value: string] {
  const equals = parameter.indexOf("=");
  return equals < 0
    ? [parameter.toUpperCase(), ""]
    : [parameter.slice(0, equals).toUpperCase(), parameter.slice(equals + 1)];
}
