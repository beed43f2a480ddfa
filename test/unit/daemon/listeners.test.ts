import { beforeEach, describe, expect, test } from "@jest/globals";
import type { PortOptions } from "../../../src/config/config.ts";
import { Listeners } from "../../../src/daemon/listeners.ts";
import type { LogLine } from "../../../src/log/log.ts";
import type { SmtpListener } from "../../../src/smtpd/server.ts";
import { fakePort } from "../../support/fake-smtp-services.ts";

/** What happened, in order. */
let story: string[];
let listeners: Listeners;
let told: string[];

const port = (name: string, more: Partial<PortOptions> = {}): PortOptions => fakePort({ name, ...more });

async function open(options: PortOptions): Promise<SmtpListener> {
  if (options.name.startsWith("bad")) throw new Error(`${options.name} is in use`);
  story.push(`open ${options.name}`);
  return {
    port: options,
    address: "127.0.0.1",
    boundPort: 2525,
    sessions: 2,
    facts: () => [{ port: options.name, relay: "x", since: 1 }],
    close: (grace) => Promise.resolve(void story.push(`close ${options.name} ${grace}`)),
  };
}

beforeEach(() => {
  story = [];
  told = [];
  const log = { enabled: () => true, write: (_level: number, { text }: LogLine) => void told.push(text) };
  listeners = new Listeners({ open, log, grace: 7 });
});

describe("Listeners", () => {
  test("opens what is new, keeps what is open, closes what is gone", async () => {
    await listeners.become([port("a"), port("b")]);
    await listeners.become([port("b"), port("c")]);
    expect(story).toEqual(["open a", "open b", "open c", "close a 7"]);
    expect(listeners.all.map((each) => each.port.name)).toEqual(["b", "c"]);
    expect((await listeners.facts()).map((each) => each.port)).toEqual(["b", "c"]);
    await listeners.close(1);
    expect(story.slice(4)).toEqual(["close b 1", "close c 1"]);
  });

  test("gives a port that stays open its new modifiers, but opens it anew at another address", async () => {
    await listeners.become([port("a")]);
    await listeners.become([port("a", { modifiers: new Set("E") })]);
    expect(listeners.all[0].port.modifiers).toEqual(new Set("E"));
    await listeners.become([port("a", { address: "127.0.0.2" })]);
    expect(story).toEqual(["open a", "open a", "close a 7"]);
  });

  test("a port that may be missing is no problem", async () => {
    expect(await listeners.become([port("bad1", { modifiers: new Set("O") }), port("a")])).toEqual([]);
    expect(listeners.all.map((each) => each.port.name)).toEqual(["a"]);
    expect(told).toEqual(["bad1 is in use (M=O)"]);
  });

  test("tells of ports that cannot be opened, and opens the others", async () => {
    await listeners.become([port("a")]);
    const problems = await listeners.become([port("bad1"), port("a"), port("bad2"), port("b")]);
    expect(problems.map(({ message }) => message)).toEqual(["bad1 is in use", "bad2 is in use"]);
    expect(listeners.all.map((each) => each.port.name)).toEqual(["a", "b"]);
    expect(story).toEqual(["open a", "open b"]);
  });
});
