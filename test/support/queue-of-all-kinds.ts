/** A queue with a message of every kind, for tests that read such a folder again: with a later version, or with another program. */
import type { Envelope } from "../../src/envelope/envelope.ts";
import type { Changes, QueueEntry, QueueStore } from "../../src/queue/queue.ts";
import { deferred, delivered, digest, lines, put, recipient } from "./queue-samples.ts";

/** With these sizes the folder has several segments, and messages of a few hundred lines become files. */
export const SMALL_SIZES = { segmentSize: 6_000, step: 2_048, inlineLimit: 1_500 } as const;

const two: Partial<Envelope> = { recipients: [recipient("list@a.test"), recipient("c@c.test")] };

const everyField: Partial<Envelope> = {
  sender: "",
  isReport: true,
  envid: "env+2B1",
  auth: "anna@a.test",
  ret: "HDRS",
  bodyType: "8BITMIME",
  eightBit: true,
  smtputf8: true,
  deliverBy: { seconds: 120, mode: "return", trace: true },
  messageClass: -30,
  recipients: [
    recipient("bob@b.test", { orcpt: "rfc822;bob@b.test", notify: ["SUCCESS", "DELAY"] }),
    recipient("|/bin/cat", { notify: ["NEVER"], rights: { user: "joe", uid: 1001, gid: 100 } }),
  ],
};

const wait: Changes = { recipients: [{ index: 0, state: "deferred", status: deferred }], nextTry: 1_795_300_000_000 };
const expansion: Changes = {
  recipients: [{ index: 0, state: "expanded" }],
  added: [recipient("x@x.test", { parent: 0, owner: "owner-list@a.test" }), recipient("y@y.test", { parent: 0 })],
};
const oneOfTwo: Changes = { recipients: [{ index: 0, state: "delivered", status: delivered }] };

interface Kind {
  readonly subject: string;
  /** Of the body. */
  readonly lines: number;
  readonly envelope?: Partial<Envelope>;
  readonly hold?: string;
  /** What happens to it, one attempt after the other. */
  readonly attempts?: readonly Changes[];
  readonly after?: (store: QueueStore, id: string) => Promise<unknown>;
}

const KINDS: readonly Kind[] = [
  { subject: "fresh", lines: 3 },
  { subject: "every field", lines: 5, envelope: everyField },
  { subject: "no body", lines: 0 },
  { subject: "deferred", lines: 10, envelope: two, attempts: [wait] },
  { subject: "expanded", lines: 10, envelope: two, attempts: [expansion, wait] },
  { subject: "half delivered", lines: 10, envelope: two, attempts: [oneOfTwo] },
  { subject: "finished", lines: 10, attempts: [oneOfTwo] },
  { subject: "removed", lines: 10, after: (store, id) => store.remove(id) },
  { subject: "held", lines: 10, hold: "look at this" },
  { subject: "held later", lines: 10, after: (store, id) => store.hold(id, "and at this") },
  { subject: "released", lines: 10, hold: "for a while", after: (store, id) => store.release(id) },
  { subject: "large", lines: 200, envelope: two },
  { subject: "large, expanded", lines: 150, envelope: two, attempts: [expansion, wait] },
  { subject: "fresh again", lines: 40, envelope: everyField },
];

/** Fills an empty queue; closes nothing. */
export async function fillWithAllKinds(store: QueueStore): Promise<void> {
  for (const { subject, lines: count, envelope, hold, attempts = [], after } of KINDS) {
    const headers = [
      { name: "Received", value: " from x.test\r\n\tby y.test" },
      { name: "Subject", value: ` ${subject} \xfc\x81` },
    ];
    const options = hold === undefined ? undefined : { hold };
    const { id } = await put(store, lines(count, subject), { headers, ...envelope }, options);
    for (const changes of attempts) {
      const claim = (await store.claim(id))!;
      await store.record(claim, { at: 1_795_203_000_000, recipients: [0] });
      await store.settle(claim, changes);
      await store.flush(claim);
      await store.finish(claim);
    }
    await after?.(store, id);
  }
}

/** An entry with all that there is to know of it, and what its body says: to be compared, and kept as JSON. */
export type WholeMessage = QueueEntry & { readonly body: string };

/** All messages, in the order of their ids. Releases none. */
export async function wholeMessages(store: QueueStore): Promise<readonly WholeMessage[]> {
  const messages: WholeMessage[] = [];
  for (const { id } of await store.list()) {
    const { entry, body } = (await store.inspect(id))!;
    const chunks: Buffer[] = [];
    for await (const chunk of body.stream()) chunks.push(chunk as Buffer);
    messages.push({ ...entry, body: digest(Buffer.concat(chunks).toString("latin1")) });
  }
  return messages.toSorted((a, b) => (a.id < b.id ? -1 : 1));
}
