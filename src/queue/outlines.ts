/**
 * What conditions, sums and queue runs ask of messages that nobody works on, in memory: sender, times, and of each open recipient
 * address, destination and what was said last. So no question reads the whole queue from the disk.
 *
 * Outlines lie outside the heap, in slots of 8 octets and multiples of that: some 110 octets for a message to one recipient. What
 * does not fit into the largest slot has none, and is read. Slots of one size are cut from slabs of their own, so that a slab
 * whose messages have all grown, or are gone, can serve another size.
 */
import { isOpen } from "../envelope/recipient.ts";
import { FIRST_ROWS, moreRows, withRoom } from "./columns.ts";
import type { EntryOutline, OutlinedRecipient } from "./outline.ts";

/** Octets of one unit, of the largest slot, and of a slab. */
const UNIT = 8;
const LARGEST = 1_024;
const SLAB = 32 << 10;
const SLAB_UNITS = SLAB / UNIT;

const NO_SLOT = 0;
/** More than a slab has. */
const NO_UNIT = 0xff_ff;

/** Numbers of an outline, and where its texts begin. */
const ARRIVED_AT = 0;
const SIZE_AT = 6;
const NEXT_TRY_AT = 12;
const PRIORITY_AT = 20;
const ATTEMPTS_AT = 24;
const HELD_AT = 25;
const TEXTS_AT = 26;
const MOST_ATTEMPTS = 255;
const MOST_48 = 2 ** 48 - 1;
/** A text of so many octets, or more, has its length in the two octets that follow. */
const LONG_TEXT = 255;

/** What is said of a recipient, in one octet; `domain`: the host is the domain of the address, with a dot behind it. */
const Has = { tried: 1, route: 2, sameRoute: 4, domain: 8, status: 16, sameStatus: 32, deferred: 64 } as const;
const DEFERRED = "Deferred: ";

/** What most messages have says nothing. */
const USUAL = { group: "mqueue", mailer: "esmtp" } as const;

const domainOf = (given: string): string => `${given.slice(given.lastIndexOf("@") + 1)}.`;

/** Writes one outline; octets of slots come from here. */
class Writer {
  readonly octets = Buffer.allocUnsafe(LARGEST);
  length = 0;
  /** It does not fit, or has something in it that is no octet, or no whole number. */
  failed = false;

  entry({ envelope, priority, nextTry, attempts, group, hold }: EntryOutline): void {
    const { octets } = this;
    const { arrived, bodySize } = envelope;
    this.failed =
      [arrived, bodySize].some((value) => value > MOST_48 || value < 0 || !Number.isInteger(value)) ||
      priority !== (priority | 0);
    if (this.failed) return;
    octets.writeUIntLE(arrived, ARRIVED_AT, 6);
    octets.writeUIntLE(bodySize, SIZE_AT, 6);
    octets.writeDoubleLE(nextTry, NEXT_TRY_AT);
    octets.writeInt32LE(priority, PRIORITY_AT);
    octets[ATTEMPTS_AT] = Math.min(attempts, MOST_ATTEMPTS);
    octets[HELD_AT] = hold === undefined ? 0 : 1;
    this.length = TEXTS_AT;
    this.#text(envelope.sender);
    this.#text(group === USUAL.group ? "" : group);
    if (hold !== undefined) this.#text(hold);
    let before: OutlinedRecipient | undefined;
    for (const recipient of envelope.recipients) {
      if (this.failed) return;
      if (!isOpen(recipient)) continue;
      this.#recipient(recipient, before);
      before = recipient;
    }
  }

  #recipient({ given, state, resolved, status }: OutlinedRecipient, before: OutlinedRecipient | undefined): void {
    const isSameRoute = resolved?.mailer === before?.resolved?.mailer && resolved?.host === before?.resolved?.host;
    const isSameStatus = status?.text === before?.status?.text;
    const isDomain = resolved?.host === domainOf(given);
    const isDeferred = status?.text.startsWith(DEFERRED) === true;
    const route = resolved === undefined ? 0 : isSameRoute ? Has.sameRoute : Has.route | (isDomain ? Has.domain : 0);
    const said =
      status === undefined ? 0 : isSameStatus ? Has.sameStatus : Has.status | (isDeferred ? Has.deferred : 0);
    this.#octet((state === "deferred" ? Has.tried : 0) | route | said);
    this.#text(given);
    if (resolved !== undefined && !isSameRoute) {
      this.#text(resolved.mailer === USUAL.mailer ? "" : resolved.mailer);
      if (!isDomain) this.#text(resolved.host);
    }
    if (status !== undefined && !isSameStatus)
      this.#text(isDeferred ? status.text.slice(DEFERRED.length) : status.text);
  }

  #octet(value: number): void {
    if (this.length >= LARGEST) this.failed = true;
    else this.octets[this.length++] = value;
  }

  #text(text: string): void {
    const head = text.length < LONG_TEXT ? 1 : 3;
    const end = this.length + head + text.length;
    if (end > LARGEST || /[^\x00-\xff]/.test(text)) this.failed = true;
    if (this.failed) return;
    this.octets[this.length] = Math.min(text.length, LONG_TEXT);
    if (head > 1) this.octets.writeUInt16LE(text.length, this.length + 1);
    this.octets.write(text, this.length + head, "latin1");
    this.length = end;
  }
}

/** Texts behind each other. */
class Reader {
  readonly #octets: Buffer;
  #at = TEXTS_AT;

  constructor(octets: Buffer) {
    this.#octets = octets;
  }

  text(): string {
    let length = this.#octets[this.#at++];
    if (length === LONG_TEXT) {
      length = this.#octets.readUInt16LE(this.#at);
      this.#at += 2;
    }
    const from = this.#at;
    this.#at += length;
    return this.#octets.toString("latin1", from, this.#at);
  }

  recipients(): OutlinedRecipient[] {
    const recipients: OutlinedRecipient[] = [];
    let before: OutlinedRecipient | undefined;
    while (this.#at < this.#octets.length) {
      const has = this.#octets[this.#at++];
      const given = this.text();
      const resolved = this.#route(has, given, before);
      const status = this.#status(has, before);
      before = {
        given,
        state: (has & Has.tried) === 0 ? "todo" : "deferred",
        ...(resolved === undefined ? {} : { resolved }),
        ...(status === undefined ? {} : { status }),
      };
      recipients.push(before);
    }
    return recipients;
  }

  #route(has: number, given: string, before: OutlinedRecipient | undefined): OutlinedRecipient["resolved"] {
    if ((has & Has.sameRoute) !== 0) return before?.resolved;
    if ((has & Has.route) === 0) return undefined;
    const mailer = this.text();
    const host = (has & Has.domain) === 0 ? this.text() : domainOf(given);
    return { mailer: mailer === "" ? USUAL.mailer : mailer, host, user: "" };
  }

  #status(has: number, before: OutlinedRecipient | undefined): OutlinedRecipient["status"] {
    if ((has & Has.sameStatus) !== 0) return before?.status;
    if ((has & Has.status) === 0) return undefined;
    return { text: (has & Has.deferred) === 0 ? this.text() : DEFERRED + this.text() };
  }
}

/** All of them use the same: it is written and copied at once. */
const writer = new Writer();

/** Slots of one size. */
class Slab {
  readonly number: number;
  /** Of one slot. */
  readonly units: number;
  readonly octets: Buffer;
  live = 0;
  /** First unit of the first free slot, which names the next one. */
  #free = NO_UNIT;
  /** Units from here on were never used. */
  #unused = 0;

  constructor(number: number, units: number, octets: Buffer) {
    this.number = number;
    this.units = units;
    this.octets = octets;
  }

  get isFull(): boolean {
    return this.#free === NO_UNIT && this.#unused + this.units > SLAB_UNITS;
  }

  /** First unit of a slot; there is one. */
  take(): number {
    const unit = this.#free === NO_UNIT ? this.#unused : this.#free;
    if (this.#free === NO_UNIT) this.#unused += this.units;
    else this.#free = this.octets.readUInt16LE(unit * UNIT);
    this.live++;
    return unit;
  }

  give(unit: number): void {
    this.octets.writeUInt16LE(this.#free, unit * UNIT);
    this.#free = unit;
    this.live--;
  }
}

/** The outlines of all rows of an index. */
export class Outlines {
  readonly #slabs: (Slab | undefined)[] = [];
  /** Numbers of slabs that are no more. */
  readonly #numbers: number[] = [];
  /** By units of a slot: slabs that have a free one. */
  readonly #roomy = Array.from({ length: LARGEST / UNIT + 1 }, (): Slab[] => []);
  /** Of a slab that is no more, for the next one. */
  #spare: Buffer | undefined;
  /** By row: slab and unit, counted from 1; 0 for no outline. */
  #slot = new Uint32Array(FIRST_ROWS);
  /** Octets of the slot that are in use. */
  #length = new Uint16Array(FIRST_ROWS);

  /** Octets that all slabs take. */
  get octets(): number {
    return (this.#slabs.length - this.#numbers.length) * SLAB;
  }

  /** The entry of a row from now on. */
  set(row: number, entry: EntryOutline): void {
    writer.entry(entry);
    if (writer.failed) return this.drop(row);
    const { length } = writer;
    if (row >= this.#slot.length) this.#grow(moreRows(row));
    if (unitsOf(length) !== unitsOf(this.#length[row])) {
      this.drop(row);
      this.#slot[row] = this.#take(unitsOf(length));
    }
    this.#length[row] = length;
    const { octets, at } = this.#place(this.#slot[row]);
    writer.octets.copy(octets, at, 0, length);
  }

  /** Nothing is known of this row. */
  drop(row: number): void {
    const slot = this.#slot[row] ?? NO_SLOT;
    if (slot === NO_SLOT) return;
    this.#slot[row] = NO_SLOT;
    this.#length[row] = 0;
    this.#give(slot - 1);
  }

  /**
   * Undefined: it has to be read.
   * @param tried when it was tried last, ms since the epoch; -Infinity: never
   */
  get(row: number, id: string, tried: number): EntryOutline | undefined {
    const slot = this.#slot[row] ?? NO_SLOT;
    if (slot === NO_SLOT) return undefined;
    const { octets: all, at } = this.#place(slot);
    const octets = all.subarray(at, at + this.#length[row]);
    const reader = new Reader(octets);
    const sender = reader.text();
    const group = reader.text();
    const hold = octets[HELD_AT] === 0 ? undefined : reader.text();
    return {
      id,
      group: group === "" ? USUAL.group : group,
      priority: octets.readInt32LE(PRIORITY_AT),
      attempts: octets[ATTEMPTS_AT],
      ...(tried === -Infinity ? {} : { lastTry: tried }),
      nextTry: octets.readDoubleLE(NEXT_TRY_AT),
      ...(hold === undefined ? {} : { hold }),
      envelope: {
        sender,
        arrived: octets.readUIntLE(ARRIVED_AT, 6),
        bodySize: octets.readUIntLE(SIZE_AT, 6),
        recipients: reader.recipients(),
      },
    };
  }

  #place(slot: number): { readonly octets: Buffer; readonly at: number } {
    const { octets } = this.#slabs[Math.floor((slot - 1) / SLAB_UNITS)]!;
    return { octets, at: ((slot - 1) % SLAB_UNITS) * UNIT };
  }

  #take(units: number): number {
    const roomy = this.#roomy[units];
    let slab = roomy.at(-1);
    if (slab === undefined) {
      slab = new Slab(this.#numbers.pop() ?? this.#slabs.length, units, this.#spare ?? Buffer.allocUnsafeSlow(SLAB));
      this.#spare = undefined;
      this.#slabs[slab.number] = slab;
      roomy.push(slab);
    }
    const slot = slab.number * SLAB_UNITS + slab.take() + 1;
    if (slab.isFull) roomy.pop();
    return slot;
  }

  #give(at: number): void {
    const slab = this.#slabs[Math.floor(at / SLAB_UNITS)]!;
    const roomy = this.#roomy[slab.units];
    if (slab.isFull) roomy.push(slab);
    slab.give(at % SLAB_UNITS);
    if (slab.live > 0) return;
    roomy.splice(roomy.indexOf(slab), 1);
    this.#slabs[slab.number] = undefined;
    this.#numbers.push(slab.number);
    this.#spare = slab.octets;
  }

  #grow(rows: number): void {
    this.#slot = withRoom(this.#slot, rows);
    this.#length = withRoom(this.#length, rows);
  }
}

/** No octets are no slot. */
function unitsOf(length: number): number {
  return Math.ceil(length / UNIT);
}
