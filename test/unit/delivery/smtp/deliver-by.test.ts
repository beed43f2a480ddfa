/** A message with BY= towards servers with and without DELIVERBY, as sendmail 8.17 relays it. */
import { describe, expect, test } from "@jest/globals";
import type { DeliverBy } from "../../../../src/envelope/deliver-by.ts";
import type { Recipient } from "../../../../src/envelope/recipient.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { agent, sink } from "../../../support/smtp-delivery.ts";

const R: DeliverBy = { seconds: 120, mode: "return", trace: false };
const N: DeliverBy = { seconds: 120, mode: "notify", trace: false };

interface Case {
  readonly deliverBy: DeliverBy;
  readonly extensions: readonly string[];
  /** How old the message is, seconds. */
  readonly age?: number;
  readonly notify?: Recipient["notify"];
  readonly flags?: string;
  readonly lmtp?: boolean;
}

/** What the server was told, and what came of it. */
async function relayed({ deliverBy, extensions, age = 0, notify, flags, lmtp = false }: Case) {
  const server = await sink({ extensions: [...extensions], lmtp });
  const clock = new ManualClock();
  const arrived = clock.now() - age * 1000;
  const deliver = agent(server.port, { clock, ...(flags === undefined ? {} : { flags }) });
  const recipients = notify === undefined ? [] : [{ notify }];
  const report = await deliver({ envelope: { deliverBy, arrived }, recipients });
  const { action, status, text, passedOn, deliverByPassedOn } = report.statuses.get(0)!;
  const [message] = server.messages;
  return {
    outcome: action === "failed" ? `${status} ${text}` : action,
    by: message === undefined ? undefined : (/BY=\S+/.exec(message.parameters)?.[0] ?? ""),
    notify: message?.recipientParameters[0].trim(),
    passedOn,
    deliverByPassedOn,
  };
}

describe("a server with DELIVERBY", () => {
  test.each([
    ["R", R, "DELIVERBY", 0, "BY=120;R"],
    ["what is left", R, "DELIVERBY", 2, "BY=118;R"],
    ["just enough", R, "DELIVERBY 118", 2, "BY=118;R"],
    ["a parameter that is no number", R, "DELIVERBY soon", 0, "BY=120;R"],
    ["R with T", { ...R, trace: true }, "DELIVERBY", 0, "BY=120;RT"],
    ["N", N, "DELIVERBY", 0, "BY=120;N"],
    ["N that is late", N, "DELIVERBY", 124, "BY=-4;N"],
    ["N that came late", { ...N, seconds: -20, trace: true }, "DELIVERBY", 1, "BY=-21;NT"],
    ["N with less than the server's least time", N, "DELIVERBY 500", 0, "BY=120;N"],
    ["N that has been here for ever", { ...N, seconds: -999_999_999 }, "DELIVERBY", 99, "BY=-999999999;N"],
  ])("gets %s", async (_, deliverBy, extension, age, by) => {
    const found = await relayed({ deliverBy, extensions: [extension], age });
    expect(found).toMatchObject({ outcome: "relayed", by, deliverByPassedOn: true });
  });

  test("does not get what it cannot deliver in time", async () => {
    const found = await relayed({ deliverBy: R, extensions: ["DELIVERBY 500"] });
    expect(found.outcome).toBe("5.4.7 Message can't be delivered in time; 120 < 500");
    expect(found.by).toBeUndefined();
  });

  test("does not get what had to be there before", async () => {
    const found = await relayed({ deliverBy: R, extensions: ["DELIVERBY"], age: 120 });
    expect(found.outcome).toBe("5.4.7 Delivery time (120s) expired");
    expect(found.by).toBeUndefined();
  });

  test("is not asked to tell of delays beside", async () => {
    expect((await relayed({ deliverBy: N, extensions: ["DSN", "DELIVERBY"] })).notify).toBe("");
  });
});

describe("a server without DELIVERBY", () => {
  test("does not get a message that has to be there in time", async () => {
    const found = await relayed({ deliverBy: R, extensions: ["DSN"] });
    expect(found.outcome).toBe("5.4.7 Server does not support Deliver By");
    expect(found.by).toBeUndefined();
  });

  test("a mailbox behind LMTP is where it has to be", async () => {
    const found = await relayed({ deliverBy: R, extensions: [], flags: "mz", lmtp: true });
    expect(found).toMatchObject({ outcome: "relayed", by: "" });
  });

  test.each([
    [undefined, "NOTIFY=FAILURE,DELAY"],
    [["SUCCESS"], "NOTIFY=SUCCESS,DELAY"],
    [["FAILURE"], "NOTIFY=FAILURE,DELAY"],
    [["DELAY"], "NOTIFY=DELAY"],
    [["NEVER"], "NOTIFY=NEVER"],
  ] as const)("gets N, and tells of delays if it can: NOTIFY %p", async (notify, wanted) => {
    const found = await relayed({ deliverBy: N, extensions: ["DSN"], ...(notify ? { notify } : {}) });
    expect(found).toMatchObject({ outcome: "relayed", by: "", notify: wanted, passedOn: true });
    expect(found.deliverByPassedOn).toBeUndefined();
    const plain = await relayed({ deliverBy: N, extensions: [], ...(notify ? { notify } : {}) });
    expect(plain).toMatchObject({ outcome: "relayed", by: "", notify: "" });
  });
});
