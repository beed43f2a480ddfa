/** The class ldap against a real directory server. Filters and K lines without a server: test/unit/maps/ldap-options.test.ts. */
import { chmodSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { DirectoryServer, type TestEntry } from "../support/directory-server.ts";
import { peerDescribe } from "../support/peers.ts";
import { ask, declareMaps, lookupContext } from "../support/map-environment.ts";

const ENTRIES: readonly TestEntry[] = [
  ["one", ["mapKey", "one"], ["mapValue", "v1"]],
  ["two", ["mapKey", "two"], ["mapValue", "a"], ["mapValue", "b,c"], ["mapValue", "d"]],
  ["dup1", ["mapKey", "dup"], ["mapValue", "x1"]],
  ["dup2", ["mapKey", "dup"], ["mapValue", "x2"]],
  ["rdn", ["mapKey", "rdn"], ["mapDN", "cn=one,dc=test"], ["mapDN", "cn=two,dc=test"]],
  ["rflt", ["mapKey", "rflt"], ["mapSearch", "(mapKey=one)"], ["mapSearch", "mapKey=two"]],
  [
    "rurl",
    ["mapKey", "rurl"],
    ["mapURL", "ldap:///dc=test??sub?(mapKey=one)"],
    ["mapURL", "ldap:///cn=two%2Cdc=test?mapValue"],
  ],
  ["loop", ["mapKey", "loop"], ["mapValue", "L"], ["mapSearch", "(mapKey=loop)"]],
  ["baddn", ["mapKey", "baddn"], ["mapDN", "cn=nosuch,dc=test"], ["mapValue", "here"]],
  ["mail", ["mapKey", "mail"], ["mail", "m@x"], ["mail", "n@x"], ["mapValue", "mv"]],
  ["none", ["mapKey", "none"]],
  ["star", ["mapKey", "s*r"], ["mapValue", "star"]],
  ["par", ["mapKey", "a(b)c\\d"], ["mapValue", "paren"]],
  ["utf", ["mapKey", "jürg"], ["mapValue", "grün"]],
  ["pct", ["mapKey", "p"], ["mapValue", "100%%-%0"]],
];

/** A file that holds a password. */
function secretFile(folder: string, text: string): string {
  const path = join(folder, `secret-${text}`);
  writeFileSync(path, `${text}\n`);
  chmodSync(path, 0o600);
  return path;
}

peerDescribe("ldap with slapd", ["slapd"], () => {
  const server = new DirectoryServer();
  beforeAll(async () => {
    await server.prepare(ENTRIES);
    await server.start();
  });
  afterAll(() => server.remove());

  const KEY = "-k (mapKey=%0)";
  const ALL = "mapValue,mapDN:DN,mapSearch:FILTER,mapURL:URL";

  function open(flags: string, spec = `-H ${server.localUri} -b dc=test`) {
    return declareMaps([`Km ldap ${flags}`], { ldapDefaultSpec: () => spec });
  }

  async function lookUp(flags: string, key: string, ...args: string[]): Promise<string> {
    const { map, problems } = open(flags);
    expect(problems).toEqual([]);
    const answer = await ask(map("m"), key, ...args);
    map("m").close?.();
    return answer;
  }

  test.each([
    ["one", "v1"],
    ["ONE", "v1"],
    ["two", "a"],
    ["nokey", "-"],
    ["none", "-"],
    ["p", "100%-p"],
  ])("finds the first value: %s is %s", async (key, value) => {
    expect(await lookUp(`${KEY} -v mapValue`, key)).toBe(value);
  });

  test.each([
    ["*", "-"],
    ["s*r", "star"],
    ["a(b)c\\d", "paren"],
    ["one)(mapKey=*", "-"],
    ["x)(|(mapKey=one", "-"],
    ["\\6fne", "-"],
    ["one\0", "-"],
    ["j\xc3\xbcrg", "gr\xc3\xbcn"],
    ["j\xfcrg", "-"],
  ])("takes the key %j for itself, never for a part of the filter", async (key, value) => {
    expect(await lookUp(`-q ${KEY} -v mapValue`, key)).toBe(value);
  });

  test("%s is the key as it is", async () => {
    expect(await lookUp("-k (mapKey=%s) -v mapValue", "s*")).toBe("star");
    expect(await lookUp("-q -k (mapKey=%s) -v mapValue", "a(b)c\\d")).toBe("!");
    expect(await lookUp("-k mapKey=%s -v mapValue", "j\\c3\\bcrg")).toBe("-");
    expect(await lookUp("-q -k mapKey=%s -v mapValue", "j\\c3\\bcrg")).toBe("gr\xc3\xbcn");
  });

  test("-z joins all values of all entries", async () => {
    expect(await lookUp(`${KEY} -v mapValue -z|`, "two")).toBe("a|b,c|d");
    expect(await lookUp(`${KEY} -v mapValue -z\\n`, "dup")).toBe("x1\nx2");
    expect(await lookUp(`${KEY} -v mapValue -z,`, "none")).toBe("-");
  });

  test("-1 wants one match, -2 takes the first entry", async () => {
    expect(await lookUp(`${KEY} -v mapValue -1`, "one")).toBe("v1");
    expect(await lookUp(`${KEY} -v mapValue -1`, "two")).toBe("a");
    expect(await lookUp(`${KEY} -v mapValue -1`, "dup")).toBe("-");
    expect(await lookUp(`${KEY} -v mapValue -1 -z,`, "two")).toBe("-");
    expect(await lookUp(`${KEY} -v mapValue -2 -z,`, "dup")).toBe("x1");
  });

  test("-n gives names, -V names and values", async () => {
    expect(await lookUp(`${KEY} -v mapValue,mail -n -z,`, "mail")).toBe("mail,mapValue");
    expect(await lookUp(`${KEY} -v MAPVALUE,mail -V= -z,`, "mail")).toBe("mail=m@x,mail=n@x,mapValue=mv");
  });

  test("without -v all attributes of users are given, without the object classes", async () => {
    expect(await lookUp(`${KEY} -z,`, "one")).toBe("one,one,v1");
  });

  test.each([
    ["rdn", "v1|a|b,c|d"],
    ["rflt", "v1|a|b,c|d"],
    ["rurl", "one|one|v1|a|b,c|d"],
    ["loop", "L"],
    ["baddn", "!"],
  ])("searches again what is to be searched: %s", async (key, value) => {
    expect(await lookUp(`${KEY} -z| -v ${ALL}`, key)).toBe(value);
  });

  test("attributes may be bound to object classes", async () => {
    expect(await lookUp(`${KEY} -v mapValue,mapDN:DN:mapEntry|other`, "rdn")).toBe("v1");
    expect(await lookUp(`${KEY} -v mapValue,mapDN:DN:other`, "rdn")).toBe("-");
  });

  test("-K puts the arguments into the filter", async () => {
    expect(await lookUp("-K -k (&(mapKey=%1)(mapValue=%2)) -v cn", "x", "dup", "x2")).toBe("dup2");
    expect(await lookUp("-K -k (&(mapKey=%1)(mapValue=%2)) -v cn", "x", "*", "x2")).toBe("-");
    expect(await lookUp("-k (mapKey=%1) -v cn", "x", "dup")).toBe("-");
  });

  test("-b and -s say where to search, values may be quoted", async () => {
    expect(await lookUp('-b "cn=one, dc=test" -s base -k (objectClass=*) -v mapKey', "x")).toBe("one");
    expect(await lookUp('-s one -v "cn, mail" -k "(mapKey = %0)"', "x")).toBe("!");
    expect(await lookUp('-b dc=nosuch -k "(cn=%0)" -v cn', "x")).toBe("!");
  });

  test("-Z: more entries than wanted are no result", async () => {
    expect(await lookUp(`${KEY} -v mapValue -z, -Z 1`, "dup")).toBe("!");
    expect(await lookUp(`${KEY} -v mapValue -z, -Z 2`, "dup")).toBe("x1,x2");
  });

  test("binds with the password of a file", async () => {
    const bind = `${KEY} -v mapValue -M simple -d cn=admin,dc=test -P`;
    // Temporary folders are writable by everybody; the rules about that are tested where they are.
    const dontBlame = new Set(["GroupReadableDefaultAuthInfoFile", "WorldReadableDefaultAuthInfoFile"]);
    const { map, problems } = declareMaps(
      [
        `Kr ldap ${bind} ${secretFile(server.folder, "secret")}`,
        `Kw ldap ${bind} ${secretFile(server.folder, "wrong")}`,
        `Kn ldap ${bind} /nosuch/file`,
      ],
      { ldapDefaultSpec: () => `-H ${server.localUri} -b dc=test`, dontBlame },
    );
    expect(problems).toEqual(["LDAP map: cannot open secret /nosuch/file: No such file or directory"]);
    expect(await ask(map("r"), "one")).toBe("v1");
    expect(await ask(map("w"), "one")).toBe("!");
    expect(map("n").available?.()).toBe(false);
    for (const name of ["r", "w"]) map(name).close?.();
  });

  test("maps with the same server share a connection, and work again after close()", async () => {
    const { map } = declareMaps([`Ka ldap ${KEY} -v mapValue`, `Kb ldap ${KEY} -v cn`], {
      ldapDefaultSpec: () => `-h 127.0.0.1 -p ${server.port} -b dc=test`,
    });
    expect(await Promise.all(["a", "b", "a"].map((name) => ask(map(name), "one")))).toEqual(["v1", "one", "v1"]);
    map("a").close?.();
    expect(await ask(map("b"), "one")).toBe("one");
    map("b").close?.();
  });

  test("the first of several servers that answers is asked", async () => {
    const spec = `-H "ldapi://%2Fnosuch ${server.uri}" -b dc=test`;
    const { map } = open(`${KEY} -v mapValue`, spec);
    expect(await ask(map("m"), "one")).toBe("v1");
    map("m").close?.();
  });

  test("a server that is down is a temporary failure, one that comes back is asked again", async () => {
    const messages: string[] = [];
    const context = lookupContext({ message: (text) => void messages.push(text) });
    const { map } = open(`${KEY} -v mapValue`, `-H ${server.uri} -b dc=test`);
    const optional = open(`-o ${KEY} -v mapValue`, `-H ${server.uri} -b dc=test`).map("m");
    expect(await ask(map("m"), "one")).toBe("v1");
    await server.stop();
    expect(await ask(optional, "one")).toBe("-");
    for (let time = 0; time < 2; time++) {
      expect(await map("m").lookup("one", [], context)).toMatchObject({ kind: "tempfail", status: 75 });
    }
    expect(messages).toEqual([`ldap_init/ldap_bind failed to ${server.uri} in map m: Connection refused`]);
    await server.start();
    expect(await map("m").lookup("one", [], context)).toEqual({ kind: "found", value: "v1" });
    await server.stop();
    await server.start();
    // The connection broke while nothing was asked.
    expect(await ask(map("m"), "nokey")).toBe("-");
    map("m").close?.();
    optional.close?.();
  });
});

test("a server that says nothing is a temporary failure", async () => {
  const silent = createServer((socket) => void socket.on("error", () => undefined).resume());
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const { port } = silent.address() as { port: number };
  const { map } = declareMaps([`Km ldap -h 127.0.0.1 -p ${port} -l 1 -k (cn=%0) -v cn`]);
  expect(await ask(map("m"), "x")).toBe("!");
  map("m").close?.();
  silent.close();
});

test("a server that speaks another language, or closes at once, is a temporary failure", async () => {
  for (const text of ["220 mail.example.test ESMTP\r\n", ""]) {
    const other = createServer((socket) => void socket.on("error", () => undefined).end(text));
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as { port: number };
    const { map } = declareMaps([`Km ldap -h 127.0.0.1 -p ${port} -l 1 -k (cn=%0) -v cn`]);
    expect(await ask(map("m"), "x")).toBe("!");
    map("m").close?.();
    other.close();
  }
});
