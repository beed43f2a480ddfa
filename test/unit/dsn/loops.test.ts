/**
 * Reports never go round: small worlds of servers whose addresses work, fail, or lead elsewhere, and whose postmasters may be
 * anybody, each other's too. Whatever is sent there, only so many messages follow from it.
 */
import { expect, test } from "@jest/globals";
import { composeReport } from "../../../src/dsn/compose.ts";
import { decideReports, type ReportedRecipient, type ReportPolicy } from "../../../src/dsn/decide.ts";
import type { Envelope } from "../../../src/envelope/envelope.ts";
import type { Recipient } from "../../../src/envelope/recipient.ts";
import type { RecipientStatus } from "../../../src/envelope/status.ts";
import { fuzz, type Random } from "../../support/fuzz.ts";

/** What an address does at its server: takes mail, refuses it, takes it and fails with it, or hands it on to others. */
type Address =
  | { readonly kind: "mailbox" }
  | { readonly kind: "refuses" }
  | { readonly kind: "fails" }
  | { readonly kind: "alias"; readonly to: readonly string[]; readonly owner?: string };

interface World {
  readonly addresses: ReadonlyMap<string, Address>;
  readonly policies: ReadonlyMap<string, ReportPolicy>;
}

const SERVERS = ["a.test", "b.test", "c.test"];
const USERS = ["pm", "joe", "list", "gone"];

function pick<T>(random: Random, from: readonly T[]): T {
  return from[random(from.length)];
}

function makeWorld(random: Random): World {
  const all = SERVERS.flatMap((server) => USERS.map((user) => `${user}@${server}`));
  const address = (): Address => {
    const kind = pick(random, ["mailbox", "refuses", "fails", "alias", "alias"] as const);
    if (kind !== "alias") return { kind };
    const owner = random(2) === 0 ? { owner: pick(random, all) } : {};
    return { kind, to: Array.from({ length: 1 + random(2) }, () => pick(random, all)), ...owner };
  };
  const policy = (): ReportPolicy => ({
    doubleBounceAddress: random(10) > 0 ? pick(random, all) : "",
    postmasterCopy: random(3) === 0 ? pick(random, all) : "",
    noReceipts: false,
    noBodyReturn: false,
  });
  return {
    addresses: new Map(all.map((each) => [each, address()])),
    policies: new Map(SERVERS.map((server) => [server, policy()])),
  };
}

interface Message {
  readonly envelope: Envelope;
  /** The server that has it. */
  readonly at: string;
}

const serverOf = (address: string): string => address.slice(address.indexOf("@") + 1);

/** Everything that follows from a message; at most so many messages. */
function follow(world: World, first: Message, most: number): number {
  const waiting = [first];
  let count = 0;
  for (let message = waiting.shift(); message !== undefined && count < most; message = waiting.shift()) {
    count++;
    waiting.push(...deliver(world, message));
  }
  return count;
}

/** One server tries a message: what it hands on to others, and what it reports. */
function deliver(world: World, { envelope, at }: Message): Message[] {
  const recipients: Recipient[] = [...envelope.recipients];
  const failed: ReportedRecipient[] = [];
  const delivered: ReportedRecipient[] = [];
  const sent: Message[] = [];
  const seen = new Set<string>();
  for (let index = 0; index < recipients.length; index++) {
    const recipient = recipients[index];
    const { given, owner } = recipient;
    if (seen.has(given)) continue;
    seen.add(given);
    const place = world.addresses.get(given);
    const end = (action: RecipientStatus["action"]): void => {
      const status: RecipientStatus = { action, status: "5.1.1", text: "x", at: 0 };
      (action === "failed" ? failed : delivered).push({ index, recipient, status });
    };
    if (place === undefined || place.kind === "refuses") end("failed");
    else if (serverOf(given) !== at) {
      // Mail from nobody keeps its sender on its way through lists (dispatch/deliveries.ts).
      const sender = envelope.sender === "" ? "" : (owner ?? envelope.sender);
      sent.push({
        at: serverOf(given),
        envelope: { ...envelope, sender, isReport: false, recipients: [fresh(given)] },
      });
    } else if (place.kind === "fails") end("failed");
    else if (place.kind === "mailbox") end("delivered");
    else recipients.push(...place.to.map((to) => ({ ...fresh(to), parent: index, owner: place.owner ?? owner })));
  }
  const whole = { ...envelope, recipients };
  const { plans } = decideReports(whole, { failed, delayed: [], delivered }, world.policies.get(at)!);
  for (const plan of plans) {
    const message = { size: 0, bytes: () => Promise.resolve(undefined), stream: () => undefined as never };
    const { headers } = composeReport({
      plan,
      envelope: whole,
      message,
      id: "1",
      now: 0,
      host: at,
      daemonName: "MAILER-DAEMON",
      warnAfter: 0,
      giveUpAfter: 0,
    });
    const report = { ...NOTHING, headers, isReport: true, recipients: plan.to.map(fresh) };
    sent.push({ at, envelope: report });
  }
  return sent;
}

function fresh(given: string): Recipient {
  return { given, state: "todo" };
}

const NOTHING: Envelope = {
  id: "1",
  sender: "",
  recipients: [],
  headers: [],
  bodySize: 0,
  eightBit: false,
  smtputf8: false,
  arrived: 0,
  macros: {},
  isReport: false,
  messageClass: 0,
};

/** Aliases of a world that lead from server to server make copies of their own; those a hop count ends. */
const hasCircle = ({ addresses }: World): boolean =>
  [...addresses.keys()].some((start) => {
    const reached = new Set<string>();
    const todo = [start];
    for (let name = todo.pop(); name !== undefined; name = todo.pop()) {
      const place = addresses.get(name);
      for (const to of place?.kind === "alias" ? place.to : []) {
        if (to === start) return true;
        if (!reached.has(to)) {
          reached.add(to);
          todo.push(to);
        }
      }
    }
    return false;
  });

test("in a world of any servers a message leads to so many others and no more", async () => {
  await fuzz(300, (random, note) => {
    let world = makeWorld(random);
    while (hasCircle(world)) world = makeWorld(random);
    note({ addresses: [...world.addresses], policies: [...world.policies] });
    const all = [...world.addresses.keys()];
    for (const sender of ["", pick(random, all)]) {
      const recipients = Array.from({ length: 1 + random(2) }, () => fresh(pick(random, all)));
      const envelope = { ...NOTHING, sender, recipients };
      expect(follow(world, { at: pick(random, SERVERS), envelope }, 2_000)).toBeLessThan(2_000);
    }
  });
});

test("two servers that have each other's postmasters for theirs, neither of which can be reached", () => {
  const policy = { postmasterCopy: "", noReceipts: false, noBodyReturn: false };
  const world: World = {
    addresses: new Map([
      ["pm@a.test", { kind: "fails" }],
      ["pm@b.test", { kind: "fails" }],
    ]),
    policies: new Map([
      ["a.test", { ...policy, doubleBounceAddress: "pm@b.test" }],
      ["b.test", { ...policy, doubleBounceAddress: "pm@a.test" }],
    ]),
  };
  const envelope = { ...NOTHING, sender: "gone@a.test", recipients: [fresh("nobody@a.test")] };
  // The message, its report, what the postmaster of b hears, the same there.
  expect(follow(world, { at: "a.test", envelope }, 100)).toBe(4);
});
