import { chmodSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { DnsAnswer, RecordType, Resolver } from "../../../src/dns/resolver.ts";
import { readNetstring } from "../../../src/maps/netstring.ts";
import type { User } from "../../../src/sys/users.ts";
import { ask, declareMaps, lookupContext, mapEnvironment, shortResult } from "../../support/map-environment.ts";

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "ask-")));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A resolver that knows "TYPE name": data, "tempfail" for those that fail; other names do not exist. */
function resolver(zone: Readonly<Record<string, readonly string[] | "tempfail" | "nodata">>): Resolver {
  return {
    query(name, type): DnsAnswer {
      const data = zone[`${type} ${name.toLowerCase()}`];
      if (data === "tempfail") return { kind: "tempfail", reason: "server failed" };
      if (data === undefined || data === "nodata") {
        const exists = Object.keys(zone).some((key) => key.endsWith(` ${name.toLowerCase()}`));
        return exists ? { kind: "nodata", canonicalName: name } : { kind: "nxdomain" };
      }
      return {
        kind: "found",
        canonicalName: name,
        secure: false,
        records: data.map((each) => record(name, type, each)),
      };
    },
  };
}

function record(name: string, type: RecordType, text: string) {
  const [, preference, data] = /^(?:(\d+) )?(.*)$/.exec(text)!;
  return { name, type, ttl: 60, data, ...(type === "MX" ? { preference: Number(preference) } : {}) };
}

function reply(socket: Socket, key: string): void {
  const texts: Readonly<Record<string, string>> = {
    a: "OK val %0 %1",
    none: "NOTFOUND ",
    temp: "TEMP later",
    late: "TIMEOUT x",
    perm: "PERM never",
    odd: "WHAT",
  };
  if (key === "close") socket.destroy();
  else if (key === "bad") socket.write("xx");
  else if (texts[key] !== undefined) socket.write(`${texts[key].length}:${texts[key]},`);
}

const { machine } = mapEnvironment();
const zone = resolver({
  "A host.test": ["192.0.2.10"],
  "AAAA host.test": ["2001:db8::6"],
  "MX d.test": ["10 mx1.test", "20 mx2.test"],
  "MX own.test": ["5 mail.example.test", "5 mx1.test"],
  "TXT t.test": ["hello world"],
  "A bad.test": "tempfail",
  "AAAA bad.test": "tempfail",
  "MX bad.test": "tempfail",
  "A 2.bl.test": ["127.0.0.2"],
  "A www.example.test": ["192.0.2.11"],
  "PTR 10.2.0.192.in-addr.arpa": ["host.test"],
});
const parts = {
  resolver: zone,
  machine: { ...machine, search: ["example.test"] },
  isLocalHost: (name: string): boolean => name === "mail.example.test",
};

describe("dns", () => {
  test.each([
    ["-R A", "host.test", "192.0.2.10"],
    ["-RA", "HOST.test.", "192.0.2.10"],
    ["-R AAAA", "host.test", "IPv6:2001:db8:0:0:0:0:0:6"],
    ["-R MX", "d.test", "mx1.test"],
    ["-R MX -z,", "d.test", "mx1.test,mx2.test"],
    ["-R MX -z, -Z1", "d.test", "mx1.test"],
    ["-R TXT -a.", "t.test", "hello world."],
    ["-R TXT -m", "t.test", "t.test"],
    ["-R A -B bl.test.", "2", "127.0.0.2"],
    ["-R A", "www", "192.0.2.11"],
    ["-R A", "nosuch.test", "-"],
    ["-R A", "t.test", "-"],
    ["-R A", "bad.test", "!"],
    ["-R A -T.TMP", "bad.test", "!bad.test.TMP"],
    ["-R A -t", "bad.test", "-"],
  ])("%s of %s: %s", async (flags, key, expected) => {
    expect(await ask(declareMaps([`Kd dns ${flags}`], parts).map("d"), key)).toBe(expected);
  });

  test("wants a type that it knows", () => {
    expect(declareMaps(["Ka dns -R", "Kb dns", "Kc dns -RX"]).problems).toEqual([
      "dns map a: wrong type",
      "dns map a: missing -R type",
      "dns map b: missing -R type",
      "dns map c: wrong type X",
      "dns map c: missing -R type",
    ]);
  });
});

describe("host", () => {
  test.each([
    ["host.test", "host.test."],
    ["HOST.Test.", "HOST.Test."],
    ["www", "www.example.test."],
    ["[192.0.2.10]", "host.test."],
    ["[192.0.2.10].UUCP", "host.test."],
    ["[192.0.2.77]", "-"],
    ["[x]", "-"],
    ["nosuch.test", "-"],
  ])("canonifies %s: %s", async (key, expected) => {
    expect(await ask(declareMaps(["Kh host -a."], parts).map("h"), key)).toBe(expected);
  });

  test("tells of a name server that does not answer, and is not asked in deferred mode", async () => {
    const messages: string[] = [];
    const { map } = declareMaps(["Kh host"], parts);
    const result = await map("h").lookup("bad.test", [], lookupContext({ message: (text) => messages.push(text) }));
    expect(shortResult(result)).toBe("!");
    expect(messages).toEqual(["bad.test: Name server timeout"]);
    expect(shortResult(await map("h").lookup("host.test", [], lookupContext({ deferred: true })))).toBe("!");
  });
});

test.each([
  ["", "d.test", "mx1.test."],
  ["-z:", "d.test", "mx1.test.:mx2.test."],
  ["-z", "d.test", "mx1.test."],
  ["", "own.test", "mail.example.test."],
  ["", "host.test", "host.test."],
  ["-T.TMP", "bad.test", "!bad.test.TMP"],
  ["", "nosuch.test", "-"],
])("bestmx %s of %s: %s", async (flags, key, expected) => {
  expect(await ask(declareMaps([`Kb bestmx ${flags}`], parts).map("b"), key)).toBe(expected);
});

test.each([
  ["192.0.2.1", "1.2.0.192.x"],
  ["IPv6:2001:db8::1", "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.x"],
  ["2001:db8::1", "-"],
  ["foo", "-"],
])("arpa of %s: %s", async (key, expected) => {
  expect(await ask(declareMaps(["Ka arpa -a.x"]).map("a"), key)).toBe(expected);
});

test("user gives a field of a user", async () => {
  const root: User = { name: "root", uid: 0, gid: 1, gecos: "Super", home: "/root", shell: "/bin/sh" };
  const users = { find: (name: string) => (name === "root" ? root : undefined), findById: () => undefined };
  const maps = declareMaps(["Ku user", "Kd user -v dir", "Kb user -v bogus", "Kf user -f", "Km user -m -v uid"], {
    users,
  });
  expect(await ask(maps.map("u"), "ROOT")).toBe("root");
  expect(await ask(maps.map("f"), "ROOT")).toBe("root");
  expect(await ask(maps.map("m"), "Root")).toBe("root");
  expect(await ask(maps.map("d"), "root")).toBe("/root");
  expect(await ask(maps.map("u"), "nobody")).toBe("-");
  expect(await ask(maps.map("b"), "root")).toBe("!");
});

test("a user database that cannot be asked is a temporary failure", async () => {
  const users = {
    find: () => {
      throw new Error("directory is down");
    },
    findById: () => undefined,
  };
  expect(await ask(declareMaps(["Ku user"], { users }).map("u"), "root")).toBe("!");
});

test("syslog writes the key at its priority", async () => {
  const log: string[] = [];
  const environment = { log: (priority: string, text: string) => void log.push(`${priority} ${text}`) };
  const { map, problems } = declareMaps(["Ks syslog -L LOG_DEBUG", "Kb syslog -L9", "Kc syslog -a"], environment);
  expect(await ask(map("s"), "Hello")).toBe("");
  expect(log).toEqual(["debug Hello"]);
  expect(problems).toEqual(["syslog_map_parseargs: Unknown priority 9", "Illegal option a map syslog"]);
});

test("stab is filled from lines like those of aliases", async () => {
  writeFileSync(join(folder, "t"), "# comment\nA: b,\n  c\nnothing\n");
  const { map, problems } = declareMaps(["Kn stab", `Ks stab ${folder}/t`, `Ko stab -o ${folder}/none`]);
  expect(problems).toEqual(["No file name for stab map n"]);
  expect(await ask(map("s"), "a")).toBe("b, c");
  expect(await ask(map("s"), "nothing")).toBe("-");
  expect(map("o").available?.()).toBe(false);
});

test("classes that cannot be reached are temporary failures, with -o nothing", async () => {
  const { map, problems } = declareMaps(["Kl nisplus x", "Kn nis", "Ko nis -o x", "Kp ph x"]);
  expect(problems).toEqual(["No file name for nis map n", "readcf: map p: class ph not available"]);
  expect(await ask(map("l"), "x")).toBe("!");
  expect(await ask(map("o"), "x")).toBe("-");
});

describe("program", () => {
  const script = `#!/bin/sh
case "$*" in
  *fail) exit 3;; *temp) exit 75;; *none) exit 0;; *empty) echo; exit 0;; *kill) kill -9 $$;; *slow) sleep 60;;
esac
s=got; for i in "$@"; do s="$s[$i]"; done; echo "$s"; echo second
`;

  function program(flags = "", fixed = "") {
    const path = join(folder, "p.sh");
    writeFileSync(path, script);
    chmodSync(path, 0o755);
    return declareMaps([`Kp program ${flags} ${path} ${fixed}`]).map("p");
  }

  test.each([
    ["foo", "got[foo]"],
    ["two words", "got[two words]"],
    ["$(id) ; `x`", "got[$(id) ; `x`]"],
    ["fail", "-"],
    ["none", "-"],
    ["empty", ""],
    ["temp", "!"],
    ["kill", "!"],
  ])("of %j: %j", async (key, expected) => {
    expect(await ask(program(), key)).toBe(expected);
  });

  test("gets the arguments of the K line before the key", async () => {
    expect(await ask(program("-a@", "one two"), "key")).toBe("got[one][two][key]@");
  });

  test("is ended when its time is up", async () => {
    expect(await ask(program("-d1"), "slow")).toBe("!");
  });

  test("that does not exist finds nothing", async () => {
    const result = await declareMaps(["Kp program /nosuch/x"]).map("p").lookup("k", [], lookupContext());
    expect(result).toEqual({ kind: "missing", status: 78 });
  });
});

describe("socket", () => {
  let server: Server;
  let connections: Socket[];
  let questions: string[];

  beforeEach(() => {
    connections = [];
    questions = [];
    server = createServer((socket) => {
      connections.push(socket);
      let received: Buffer = Buffer.alloc(0);
      socket.on("error", () => undefined);
      socket.on("data", (chunk) => {
        received = Buffer.concat([received, chunk]);
        for (let next = readNetstring(received, 1000); next.kind === "complete"; next = readNetstring(received, 1000)) {
          received = next.rest;
          questions.push(next.text);
          reply(socket, next.text.split(" ")[1]);
        }
      });
    });
  });
  afterEach(async () => {
    for (const socket of connections) socket.destroy();
    server.close();
    await once(server, "close");
  });

  async function listen(path?: string): Promise<string> {
    server.listen(path === undefined ? { port: 0, host: "127.0.0.1" } : { path });
    await once(server, "listening");
    const address = server.address();
    return typeof address === "object" ? `inet:${address!.port}@127.0.0.1` : `local:${path}`;
  }

  test("asks over one connection and reads the five replies", async () => {
    const map = declareMaps([`Kso socket ${await listen()}`]).map("so");
    const answers = await Promise.all(
      ["A", "none", "temp", "late", "perm", "odd"].map(async (key) => ask(map, key, "arg")),
    );
    expect(answers).toEqual(["val A arg", "-", "!", "!", "-", "-"]);
    expect(questions[0]).toBe("so a");
    expect(connections).toHaveLength(1);
    map.close?.();
  });

  test("connects anew when the connection broke between two questions", async () => {
    const map = declareMaps([`Kso socket ${await listen(join(folder, "s"))}`]).map("so");
    expect(await ask(map, "a", "")).toBe("val a ");
    connections[0].destroy();
    await once(connections[0], "close");
    expect(await ask(map, "a", "")).toBe("val a ");
    expect(await ask(map, "close")).toBe("!");
    expect(await ask(map, "bad")).toBe("!");
    expect(await ask(map, "a", "")).toBe("val a ");
    map.close?.();
  });

  test("a server that is not there is a temporary failure, with -o nothing", async () => {
    await listen();
    const maps = declareMaps([`Ka socket local:${folder}/none`, `Kb socket -o local:${folder}/none`, "Kc socket x"]);
    expect(await ask(maps.map("a"), "k")).toBe("!");
    expect(await ask(maps.map("b"), "k")).toBe("-");
    expect(await ask(maps.map("c"), "k")).toBe("!");
  });

  test("a server that does not answer in time is a temporary failure", async () => {
    let fire: (() => void) | undefined;
    const clock = {
      now: () => 0,
      after: (_: number, action: () => void) => ((fire = action), () => (fire = undefined)),
    };
    const map = declareMaps([`Ka socket ${await listen()}`], { clock }).map("a");
    const answer = ask(map, "close2");
    await once(server, "connection");
    fire?.();
    expect(await answer).toBe("!");
  });
});
