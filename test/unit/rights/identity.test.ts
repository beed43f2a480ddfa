/** Changes of ids against a system that fails and lies: no line of work ever runs with ids that nobody asked for. */
import { describe, expect, test } from "@jest/globals";
import { becomeForGood, groupsOf, Identities, type IdCalls, type Identity } from "../../../src/rights/identity.ts";

type Call = "setgroups" | "initgroups" | "setegid" | "seteuid" | "setgid" | "setuid";

/** A system in memory; some calls fail, or do nothing and say nothing. */
class FakeSystem implements IdCalls {
  uid = 0;
  euid = 0;
  gid = 0;
  egid = 0;
  groups: readonly number[] = [0, 4];
  readonly calls: string[] = [];
  /** What happens to a call, by its number among all. */
  trouble: (call: Call, count: number, value: unknown) => "fail" | "lie" | undefined = () => undefined;

  getuid = (): number => this.uid;
  geteuid = (): number => this.euid;
  getegid = (): number => this.egid;
  getgroups = (): readonly number[] => [...new Set([...this.groups, this.egid])];
  setgroups = (groups: readonly number[]): void => this.#do("setgroups", groups, () => (this.groups = groups));
  initgroups = (user: string, gid: number): void =>
    this.#do("initgroups", user, () => (this.groups = user === "joe" ? [gid, 8, 50] : [gid]));
  setegid = (gid: number): void => this.#do("setegid", gid, () => (this.egid = gid));
  seteuid = (uid: number): void => {
    if (this.euid !== 0 && uid !== this.uid && uid !== this.euid) throw refusal();
    this.#do("seteuid", uid, () => (this.euid = uid));
  };
  setgid = (gid: number): void => this.#do("setgid", gid, () => (this.gid = this.egid = gid));
  setuid = (uid: number): void => {
    if (this.euid !== 0 && uid !== this.uid && uid !== this.euid) throw refusal();
    this.#do("setuid", uid, () => (this.uid = this.euid = uid));
  };

  #do(call: Call, value: unknown, change: () => void): void {
    this.calls.push(call);
    if (call !== "seteuid" && call !== "setuid" && this.euid !== 0) throw refusal();
    const trouble = this.trouble(call, this.calls.length, value);
    if (trouble === "fail") throw refusal();
    if (trouble === undefined) change();
  }
}

function refusal(): Error {
  return Object.assign(new Error("Operation not permitted"), { code: "EPERM" });
}

class Ended extends Error {}

const end = (reason: string): never => {
  throw new Ended(reason);
};

const joe: Identity = { uid: 1000, gid: 1000, groups: [1000, 8, 50] };
const ann: Identity = { uid: 1001, gid: 100, groups: [100] };

/** The effective group counts as one of the groups, whether it stands among them or not. */
const now = ({ euid, egid, groups }: FakeSystem): Identity => ({
  uid: euid,
  gid: egid,
  groups: [...new Set([egid, ...groups])],
});

describe("ids for a while", () => {
  test("work runs with the user's ids, all of them, and what follows with root's", () => {
    const system = new FakeSystem();
    const ids = new Identities(system, end);
    expect(ids.as(joe, () => now(system))).toEqual(joe);
    expect(system.euid).toBe(0);
    expect(ids.as(ann, () => now(system))).toEqual(ann);
    ids.neutral();
    expect([system.euid, system.egid, system.groups]).toEqual([0, 0, []]);
  });

  test("what is as it should be is not set again", () => {
    const system = new FakeSystem();
    const ids = new Identities(system, end);
    const callsFor = (who: Identity): readonly string[] => {
      const before = system.calls.length;
      expect(ids.as(who, () => now(system))).toEqual(who);
      return system.calls.slice(before);
    };
    const bob: Identity = { uid: 1002, gid: 1002, groups: [1002] };
    expect(callsFor(ann)).toEqual(["setegid", "seteuid", "seteuid"]);
    expect(callsFor(bob)).toEqual(["setegid", "seteuid", "seteuid"]);
    expect(callsFor(bob)).toEqual(["seteuid", "seteuid"]);
    expect(callsFor(joe)).toEqual(["setegid", "setgroups", "seteuid", "seteuid"]);
    // Somebody asked for a user's groups meanwhile, which takes them on.
    groupsOf({ user: "joe", uid: 1000, gid: 1000 }, system);
    expect(callsFor(joe)).toEqual(["setgroups", "seteuid", "seteuid"]);
    expect(callsFor(ann)).toEqual(["setegid", "setgroups", "seteuid", "seteuid"]);
  });

  test("groups of the last user are nobody else's, whichever users follow each other", () => {
    const system = new FakeSystem();
    const ids = new Identities(system, end);
    // Each group is somebody's own and somebody else's further one.
    const users = [8, 50, 100].flatMap((gid, at) =>
      [[], [8], [50], [8, 50], [8, 50, 100]].map((more, way) => {
        const groups = [...new Set([gid, ...more])];
        return { uid: 1000 + at * 10 + way, gid, groups };
      }),
    );
    for (const first of users) {
      for (const second of users) {
        ids.as(first, () => undefined);
        const { uid, gid, groups } = ids.as(second, () => now(system));
        expect([uid, gid, new Set(groups)]).toEqual([second.uid, second.gid, new Set(second.groups)]);
      }
    }
  });

  test("root's rights in between end in between", () => {
    const system = new FakeSystem();
    const ids = new Identities(system, end);
    const seen = ids.as(joe, () => [now(system).uid, ids.asRoot(() => now(system).uid), now(system).uid]);
    expect(seen).toEqual([1000, 0, 1000]);
    const failing = (): void =>
      ids.as(joe, () =>
        ids.asRoot(() => {
          throw new Error("disk");
        }),
      );
    expect(failing).toThrow("disk");
    expect(system.euid).toBe(0);
  });

  test("what the work throws comes out, with the ids given back", () => {
    const system = new FakeSystem();
    const ids = new Identities(system, end);
    const failing = (): void =>
      ids.as(joe, () => {
        throw new Error("no space");
      });
    expect(failing).toThrow("no space");
    expect(system.euid).toBe(0);
    expect(ids.as(ann, () => now(system))).toEqual(ann);
  });

  test("a task within a task ends the process", () => {
    const ids = new Identities(new FakeSystem(), end);
    expect(() => ids.as(joe, () => ids.as(ann, () => 1))).toThrow(Ended);
  });

  test("a process that is not root takes nothing on", () => {
    const system = new FakeSystem();
    system.euid = 1000;
    expect(() => new Identities(system, end)).toThrow("not started as root");
  });
});

const CALLS: readonly Call[] = ["setgroups", "setegid", "seteuid"];
const TROUBLE = ["fail", "lie"] as const;
const cases = CALLS.flatMap((call) => TROUBLE.map((trouble) => [call, trouble] as const));

describe("a system that fails or lies", () => {
  test.each(cases)("taking on: %s will %s: the work does not begin", (call, trouble) => {
    const system = new FakeSystem();
    const ids = new Identities(system, end);
    // Only on the way to a user: the way back is another test.
    system.trouble = (name, _count, value) => (name === call && value !== 0 ? trouble : undefined);
    let isDone = false;
    expect(() => ids.as(joe, () => (isDone = true))).toThrow();
    expect(isDone).toBe(false);
    expect(system.euid).toBe(0);
    system.trouble = () => undefined;
    expect(ids.as(ann, () => now(system))).toEqual(ann);
  });

  test.each(TROUBLE)("giving back: seteuid will %s: the process ends", (trouble) => {
    const system = new FakeSystem();
    const ids = new Identities(system, end);
    system.trouble = (name, _count, value) => (name === "seteuid" && value === 0 ? trouble : undefined);
    expect(() => ids.as(joe, () => 1)).toThrow(Ended);
  });

  test.each(cases)("%s will %s on the way back from root's rights in between: the process ends", (call, trouble) => {
    const system = new FakeSystem();
    const ids = new Identities(system, end);
    let afterwards = false;
    const work = (): void =>
      ids.as(joe, () => {
        ids.asRoot(() => {
          system.groups = [];
          system.egid = 7;
          system.trouble = (name, _count, value) => (name === call && value !== 0 ? trouble : undefined);
        });
        afterwards = true;
      });
    expect(work).toThrow(Ended);
    expect(afterwards).toBe(false);
  });

  test("whatever call fails or lies, work sees the ids it was promised or does not run", () => {
    for (const trouble of TROUBLE) {
      for (let at = 1; at <= 24; at++) {
        const system = new FakeSystem();
        system.trouble = (_call, count) => (count === at ? trouble : undefined);
        let ids: Identities;
        try {
          ids = new Identities(system, end);
        } catch {
          continue;
        }
        for (const who of [joe, ann, joe]) {
          try {
            ids.as(who, () => expect(now(system)).toEqual(who));
          } catch (error) {
            if (error instanceof Ended) break;
            expect(error).toMatchObject({ message: expect.stringMatching(/not permitted|did not take on/) });
          }
          expect(system.euid).toBe(0);
        }
      }
    }
  });
});

describe("ids for good", () => {
  const user = { user: "joe", uid: 1000, gid: 1000 };

  test("groups, group and user, and no way back", () => {
    const system = new FakeSystem();
    becomeForGood(user, system);
    expect(now(system)).toEqual({ uid: 1000, gid: 1000, groups: [1000, 8, 50] });
    expect(system.uid).toBe(1000);
  });

  test("nothing is given up for root, and by others", () => {
    expect(() => becomeForGood({ ...user, uid: 0 }, new FakeSystem())).toThrow("root");
    const other = new FakeSystem();
    other.uid = other.euid = 1001;
    expect(() => becomeForGood(user, other)).toThrow("not started as root");
    other.uid = other.euid = 1000;
    becomeForGood(user, other);
    expect(other.calls).toEqual([]);
  });

  const drops = (["setgroups", "setgid", "setuid"] as const).flatMap((call) =>
    TROUBLE.map((trouble) => [call, trouble] as const),
  );
  test.each(drops)("%s will %s: it is told", (call, trouble) => {
    const system = new FakeSystem();
    // groupsOf() empties the list first; the call that counts gives the groups.
    system.trouble = (name, _count, value) =>
      name === call && !(Array.isArray(value) && value.length === 0) && value !== 0 ? trouble : undefined;
    expect(() => becomeForGood(user, system)).toThrow();
  });

  test("a user who can become root again is not believed", () => {
    const system = new FakeSystem();
    system.setuid = (uid) => void (system.uid = system.euid = uid);
    expect(() => becomeForGood(user, system)).toThrow("again");
  });
});

test("groups are those of the user: none of root's", () => {
  const system = new FakeSystem();
  expect(groupsOf({ user: "joe", uid: 1000, gid: 1000 }, system)).toEqual([1000, 8, 50]);
  expect(groupsOf({ user: "ann", uid: 1001, gid: 100 }, system)).toEqual([100]);
  expect([system.euid, system.egid, system.groups]).toEqual([0, 0, []]);
  system.trouble = (call) => (call === "initgroups" ? "fail" : undefined);
  expect(groupsOf({ user: "joe", uid: 1000, gid: 1000 }, system)).toEqual([1000]);
});
