import { beforeEach, describe, expect, test } from "@jest/globals";
import { SiteInForce } from "../../../src/daemon/site-in-force.ts";
import type { OpenedSite } from "../../../src/site/open-site.ts";
import { type Attachment, Site } from "../../../src/site/site.ts";
import { fakeServices } from "../../support/fake-smtp-services.ts";
import { testConfig } from "../../support/delivery-job.ts";

/** What happened, in order. */
let story: string[];
let lines: string[];
let answers: (() => OpenedSite<Attachment>)[];
let problems: Error[];

function site(name: string): Site {
  const { hosts } = fakeServices().site();
  const config = { ...testConfig(), headers: [], close: () => void story.push(`close ${name}`) };
  return new Site(
    {
      config,
      hosts,
      users: { find: () => undefined, findById: () => undefined },
      aliasDatabases: [],
      report: () => undefined,
    },
    () => ({ close: () => void story.push(`agents of ${name}`) }),
  );
}

function opened(name: string, exit = 0): OpenedSite<Attachment> {
  return { kind: "opened", site: site(name), messages: exit === 0 ? [] : [`${name}: line 3: wrong`], exit };
}

function inForce(first: Site): SiteInForce<Attachment> {
  return new SiteInForce(first, {
    file: "x.cf",
    log: { enabled: () => true, write: (_level, { text }) => void lines.push(text) },
    open: async () => answers.shift()!(),
    prepare: async () => void story.push("prepare"),
    adopt: async () => {
      story.push("adopt");
      return problems;
    },
  });
}

beforeEach(() => {
  story = [];
  lines = [];
  answers = [];
  problems = [];
});

describe("SiteInForce", () => {
  test("puts the new site in force; the old one closes when nobody holds it any more", async () => {
    const first = site("first");
    const release = first.use();
    const force = inForce(first);
    answers = [() => opened("second")];
    expect(await force.reload()).toEqual([]);
    expect(force.current).not.toBe(first);
    expect(story).toEqual(["prepare", "adopt"]);
    release();
    release();
    await new Promise((resolve) => setImmediate(resolve));
    expect(story.slice(2)).toEqual(["agents of first", "close first"]);
    expect(lines).toEqual(["configuration x.cf in force"]);
  });

  test("keeps the old one when the new one is broken, or not wholly right", async () => {
    const first = site("first");
    const force = inForce(first);
    answers = [
      () => ({ kind: "failed", messages: ["x.cf: line 1: no"], diagnostics: [], exit: 78 }),
      () => opened("second", 78),
    ];
    expect(await force.reload()).toEqual(["x.cf: line 1: no"]);
    expect(await force.reload()).toEqual(["second: line 3: wrong"]);
    expect(force.current).toBe(first);
    expect(story).toEqual(["agents of second", "close second"]);
    expect(lines.filter((line) => line === "x.cf is broken: the old configuration stays")).toHaveLength(2);
  });

  test("reloads one after the other, also after one that threw", async () => {
    const force = inForce(site("first"));
    answers = [
      () => {
        throw new Error("disk");
      },
      () => opened("second"),
      () => opened("third"),
    ];
    const [one, two, three] = [force.reload(), force.reload(), force.reload()];
    await expect(one).rejects.toThrow("disk");
    await Promise.all([two, three]);
    expect(story.filter((each) => each === "prepare" || each === "adopt")).toEqual([
      "prepare",
      "adopt",
      "prepare",
      "adopt",
    ]);
  });

  test("tells which ports could not be opened", async () => {
    const force = inForce(site("first"));
    problems = [new Error("port 25 is in use")];
    answers = [() => opened("second")];
    expect(await force.reload()).toEqual(["port 25 is in use"]);
    expect(lines).toContain("cannot open a port: port 25 is in use");
  });

  test("after close() nothing is reloaded", async () => {
    const force = inForce(site("first"));
    await force.close();
    expect(await force.reload()).toEqual([]);
    expect(story).toEqual(["agents of first", "close first"]);
  });
});

describe("a site", () => {
  test("counts who holds it, and is closed once, by the last of them", async () => {
    const one = site("one");
    const [first, second] = [one.use(), one.use()];
    one.retire();
    first();
    first();
    expect([one.uses, story]).toEqual([1, []]);
    second();
    await one.close();
    expect(story).toEqual(["agents of one", "close one"]);
  });

  test("closes when it is retired and nobody holds it", async () => {
    const one = site("one");
    one.retire();
    await one.close();
    expect(story).toEqual(["agents of one", "close one"]);
  });
});
