import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { HostStatus, hostStatusSettings } from "../../../../src/delivery/smtp/host-status.ts";
import { hostsOf, purgeHosts, resultOf } from "../../../../src/delivery/smtp/host-status-files.ts";
import { deferred, failed, sent } from "../../../../src/delivery/outcome.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { testConfig, testOptions } from "../../../support/delivery-job.ts";
import { agent, sink, texts, unusedPort } from "../../../support/smtp-delivery.ts";

const down = deferred("4.4.1", "Connection timed out with mx.b.test.");
const refused = deferred("4.4.1", "Connection refused by mx.b.test.");
const lifetime = 60_000;
const mx = { key: "mx", name: "mx.b.test" };

describe("in memory", () => {
  test("a host that had to be waited for is remembered for Timeout.hoststatus", () => {
    const clock = new ManualClock();
    const hosts = new HostStatus(clock);
    hosts.isDown(mx, down, { took: 30_000, talked: false }, { lifetime });
    expect(hosts.known(mx, { lifetime })).toBe(down);
    expect(hosts.known({ key: "other", name: "other" }, { lifetime })).toBeUndefined();
    clock.advance(60_000);
    expect(hosts.known(mx, { lifetime })).toBeUndefined();
  });

  test("one that refused at once is left alone for ten seconds, then for twenty ..., until it works", () => {
    const clock = new ManualClock();
    const hosts = new HostStatus(clock);
    const waits: number[] = [];
    for (let time = 0; time < 6; time++) {
      hosts.isDown(mx, refused, { took: 5, talked: false }, { lifetime });
      const from = clock.now();
      while (hosts.known(mx, { lifetime }) !== undefined) clock.advance(1_000);
      waits.push((clock.now() - from) / 1_000);
    }
    expect(waits).toEqual([10, 20, 40, 60, 60, 60]);
    hosts.isUp(mx, undefined, { lifetime });
    hosts.isDown(mx, refused, { took: 5, talked: false }, { lifetime });
    clock.advance(10_000);
    expect(hosts.known(mx, { lifetime })).toBeUndefined();
  });

  test("one that broke off in the middle of a message is left alone only when that took long", () => {
    const hosts = new HostStatus(new ManualClock());
    hosts.isDown(mx, down, { took: 100, talked: true }, { lifetime });
    expect(hosts.known(mx, { lifetime })).toBeUndefined();
    hosts.isDown(mx, down, { took: 30_000, talked: true }, { lifetime });
    expect(hosts.known(mx, { lifetime })).toBe(down);
  });

  test("whoever asks for a queue run wants it tried again", () => {
    const hosts = new HostStatus(new ManualClock());
    hosts.isDown(mx, down, { took: 30_000, talked: false }, { lifetime });
    hosts.forget();
    expect(hosts.known(mx, { lifetime })).toBeUndefined();
  });

  test("a host that is down is tried once, not once for each of a hundred messages at the same time", async () => {
    const server = await sink({ reply: ({ verb }) => (verb === "CONNECT" ? { reply: "421 4.3.2 no" } : undefined) });
    const deliver = agent(server.port);
    const reports = await Promise.all(Array.from({ length: 100 }, () => deliver()));
    expect(new Set(reports.flatMap(texts))).toEqual(new Set(["4.3.2 Deferred: 421 4.3.2 no"]));
    expect(server.connections).toBe(1);
  });
});

describe("on disk", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "rulemail-hosts-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  async function shown(): Promise<Record<string, string>> {
    const found: Record<string, string> = {};
    for await (const { name, record } of hostsOf(folder)) found[name] = record ? resultOf(record) : "damaged";
    return found;
  }

  // Files and results as sendmail 8.17 wrote and showed them.
  test("files are those of sendmail, by the parts of the name from its end", async () => {
    const clock = new ManualClock(1_796_020_656_000);
    const hosts = new HostStatus(clock);
    const settings = { lifetime, folder };
    hosts.isDown(of("mx.down.test"), refused, { took: 5, talked: false }, settings);
    hosts.isDown(
      of("no.test"),
      failed("5.5.0", "Service unavailable", said("554 5.3.2 go away")),
      { took: 5, talked: false },
      settings,
    );
    hosts.isUp(of("host.test"), undefined, settings);
    hosts.isUp(of("ONE.far.test."), { ...sent("relayed", "ok", said("250 ok")), status: "2.0.0" }, settings);
    hosts.isDown(of("127.0.0.9"), refused, { took: 5, talked: false }, settings);
    hosts.isDown(of("../../etc"), refused, { took: 5, talked: false }, settings);
    hosts.isDown(of("a/b.test"), refused, { took: 5, talked: false }, settings);
    await hosts.close();
    expect(readFileSync(join(folder, "test./down./mx"), "utf8")).toBe("V0\nE111\nH0\nS75\nD4.4.1\nU1796020656\n.\n");
    expect(readFileSync(join(folder, "test./no"), "utf8")).toBe(
      "V0\nE0\nH0\nS69\nD5.5.0\nR554 5.3.2 go away\nU1796020656\n.\n",
    );
    expect(readFileSync(join(folder, "test./host"), "utf8")).toBe("V0\nE0\nH0\nS0\nU1796020656\n.\n");
    expect(readFileSync(join(folder, "test./far./one"), "utf8")).toBe(
      "V0\nE0\nH0\nS0\nD2.0.0\nR250 ok\nU1796020656\n.\n",
    );
    expect(readdirSync(folder).toSorted()).toEqual(["9.", "test."]);
    expect(await shown()).toEqual({
      "127.0.0.9": "Deferred: Connection refused",
      "mx.down.test": "Deferred: Connection refused",
      "one.far.test": "250 ok",
      "host.test": "OK",
      "no.test": "554 5.3.2 go away",
    });
  });

  test.each<[number, string]>([
    [0o600, "600"],
    [0o644, "644"],
    [0o666, "644"],
    [0o660, "640"],
  ])("with TempFileMode %d they have the mode %s, as sendmail's have", async (TempFileMode, mode) => {
    const hosts = new HostStatus(new ManualClock());
    const config = testConfig(testOptions({ HostStatusDirectory: folder, QueueDirectory: "/queue", TempFileMode }));
    hosts.isUp(of("host.test"), undefined, hostStatusSettings(config));
    await hosts.close();
    expect((statSync(join(folder, "test./host")).mode & 0o7777).toString(8)).toBe(mode);
  });

  test("another process, or the next one, believes them as long as they are fresh, and purging removes the others", async () => {
    const clock = new ManualClock(1_796_020_656_000);
    const settings = { lifetime, folder };
    const first = new HostStatus(clock);
    first.isDown(mx, refused, { took: 5, talked: false }, settings);
    await first.close();
    const next = new HostStatus(clock);
    expect(next.known(mx, settings)).toMatchObject({
      status: "4.4.1",
      text: "Deferred: Connection refused: mx.b.test.",
    });
    clock.advance(lifetime);
    expect(new HostStatus(clock).known(mx, settings)).toBeUndefined();
    expect(await purgeHosts(folder, lifetime, clock.now())).toBe(0);
    writeFileSync(join(folder, "damaged"), "garbage\n");
    expect(new HostStatus(clock).known({ key: "damaged", name: "damaged" }, settings)).toBeUndefined();
    expect(await purgeHosts(folder, lifetime, clock.now() + 1_000)).toBe(2);
    expect(await shown()).toEqual({});
  });

  test.each([
    ["from a clock that is wrong", "V0\nE111\nH0\nS75\nD4.4.1\nU9999999999\n.\n"],
    ["of another version", "V1\nE111\nH0\nS75\nD4.4.1\nU1796020656\n.\n"],
    ["cut off", "V0\nE111\nH0\nS75\nD4.4"],
    ["with a time that is none", "V0\nE111\nH0\nS75\nU1e400\n.\n"],
    ["binary", "\0\x01\xff\n\n\0"],
  ])("a file %s keeps no mail back, and purging removes it", async (_what, text) => {
    const clock = new ManualClock(1_796_020_656_000);
    mkdirSync(join(folder, "test./b."), { recursive: true });
    writeFileSync(join(folder, "test./b./mx"), text, "latin1");
    expect(new HostStatus(clock).known(mx, { lifetime, folder })).toBeUndefined();
    expect(await purgeHosts(folder, lifetime, clock.now())).toBe(1);
  });

  test("a pipe in the place of a file holds nothing up", () => {
    mkdirSync(join(folder, "test./b."), { recursive: true });
    execFileSync("mkfifo", [join(folder, "test./b./mx")]);
    expect(new HostStatus(new ManualClock()).known(mx, { lifetime, folder })).toBeUndefined();
  });

  test("a status that is none is not passed on", () => {
    const clock = new ManualClock(1_796_020_656_000);
    mkdirSync(join(folder, "test./b."), { recursive: true });
    writeFileSync(join(folder, "test./b./mx"), "V0\nE111\nH0\nS75\nD4x<b>\nU1796020656\n.\n");
    expect(new HostStatus(clock).known(mx, { lifetime, folder })).toMatchObject({ status: "4.4.1" });
  });

  test("the agent writes them, and does not connect to a host that is down according to them", async () => {
    const port = await unusedPort();
    const config = testConfig(testOptions({ HostStatusDirectory: folder }));
    expect(texts(await agent(port, { config })())).toEqual(["4.4.1 Deferred: Connection refused by [127.0.0.1]"]);
    let found: Record<string, string> = {};
    while (found["127.0.0.1"] === undefined) found = await shown();
    expect(found).toEqual({ "127.0.0.1": "Deferred: Connection refused" });
    // It has come back, but that is only seen when the record is old.
    const server = await sink(undefined, port);
    expect(texts(await agent(port, { config })())).toEqual(["4.4.1 Deferred: Connection refused: [127.0.0.1]"]);
    expect(server.connections).toBe(0);
    expect(texts(await agent(port, { config })({ mailer: undefined }))).toHaveLength(1);
  });

  test("SingleThreadDelivery: one conversation with a host at a time", async () => {
    let [open, most] = [0, 0];
    const server = await sink({
      reply: ({ verb }) => {
        if (verb === "MAIL") most = Math.max(most, ++open);
        if (verb === ".") open--;
        return undefined;
      },
    });
    const config = testConfig(testOptions({ SingleThreadDelivery: true }));
    const deliver = agent(server.port, { config });
    await Promise.all(Array.from({ length: 30 }, () => deliver()));
    expect([server.messages.length, most, server.connections]).toEqual([30, 1, 1]);
  });
});

function of(name: string) {
  return { key: name, name };
}

function said(text: string) {
  return { diagnostic: { type: "smtp", text } };
}
