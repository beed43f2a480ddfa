/** What the class ldap makes of servers that refuse, hang, vanish or cannot be trusted. A real server: ldap.test.ts. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "@jest/globals";
import { ldapTrust } from "../../../src/maps/ldap-trust.ts";
import type { LookupMap, LookupResult } from "../../../src/rewriting/lookup-map.ts";
import { TEST_CERTIFICATE, TEST_KEY } from "../../support/certificate.ts";
import { ask, declareMaps, lookupContext } from "../../support/map-environment.ts";
import { SmallDirectory, type SmallDirectoryOptions } from "../../support/small-directory.ts";

const entries = {
  one: { mapKey: ["one"], mapValue: ["v1"] },
  many1: { mapKey: ["many"], mapValue: ["a", "b"] },
  many2: { mapKey: ["many"], mapValue: ["c"] },
};

const folder = mkdtempSync(join(tmpdir(), "ldap-"));
let server: SmallDirectory | undefined;
let map: LookupMap | undefined;
afterEach(async () => {
  map?.close?.();
  await server?.stop();
  server = undefined;
});

async function start(options: Partial<SmallDirectoryOptions> = {}): Promise<SmallDirectory> {
  return (server = await SmallDirectory.start({ entries, ...options }));
}

function open(flags: string, scheme = "ldap"): LookupMap {
  const line = `Km ldap -H ${scheme}://127.0.0.1:${server!.port} -b dc=test -k (mapKey=%0) -v mapValue ${flags}`;
  const dontBlame = new Set(["GroupReadableDefaultAuthInfoFile", "WorldReadableDefaultAuthInfoFile"]);
  return (map = declareMaps([line], { dontBlame }).map("m"));
}

async function answerOf(flags: string, key: string, scheme?: string): Promise<LookupResult> {
  return open(flags, scheme).lookup(key, [], lookupContext());
}

describe("a temporary failure, never not found", () => {
  test.each([
    [1, "Operations error"],
    [3, "Time limit exceeded"],
    [4, "Size limit exceeded"],
    [32, "No such object"],
    [51, "Server is busy"],
    [52, "Server is unavailable"],
    [80, "Other (e.g., implementation specific) error"],
  ])("when a search ends with result %i", async (search, text) => {
    await start({ search });
    const result = await answerOf("", "one");
    expect(result).toMatchObject({ kind: "tempfail", status: 75 });
    expect(result.kind === "tempfail" && result.reason).toContain(text);
  });

  test("when the server leaves entries out, whatever it gave before", async () => {
    await start({ sizeLimit: 1 });
    expect(await answerOf("-z,", "many")).toMatchObject({ kind: "tempfail" });
    expect(await ask(map!, "one")).toBe("v1");
  });

  test("when the server hangs or ends the connection", async () => {
    await start({ search: "drop" });
    expect(await answerOf("", "one")).toMatchObject({ kind: "tempfail" });
    await server!.stop();
    await start({ search: "hang" });
    expect(await answerOf("-l 1", "one")).toMatchObject({ kind: "tempfail" });
  });

  test("when it is gone; it is asked again when it is back", async () => {
    const { port } = await start();
    expect(await ask(open(""), "one")).toBe("v1");
    await server!.stop();
    expect(await ask(map!, "one")).toBe("!");
    expect(port).toBeGreaterThan(0);
  });

  test("with -o, too, unless it was never there", async () => {
    await start();
    const optional = open("-o");
    expect(await ask(optional, "one")).toBe("v1");
    await server!.stop();
    expect(await ask(optional, "one")).toBe("!");
    expect(await ask(open("-o"), "one")).toBe("-");
  });

  test("when the password is refused", async () => {
    await start({ password: "secret" });
    for (const [password, answer] of [
      ["secret", "v1"],
      ["wrong", "!"],
    ]) {
      const file = join(folder, password);
      writeFileSync(file, `${password}\n`);
      chmodSync(file, 0o600);
      expect(await ask(open(`-M simple -d cn=admin,dc=test -P ${file}`), "one")).toBe(answer);
      map!.close?.();
    }
  });
});

test("-z joins the values of all entries, -1 wants one of them", async () => {
  await start();
  expect(await ask(open("-z,"), "many")).toBe("a,b,c");
  expect(await ask(open("-1"), "many")).toBe("-");
  expect(await ask(open("-1"), "one")).toBe("v1");
  expect(await ask(open("-Z 1 -z,"), "many")).toBe("!");
  expect(await ask(open("-V: -z,"), "many")).toBe("mapValue:a,mapValue:b,mapValue:c");
});

describe("ldaps", () => {
  const variables = { LDAPTLS_CACERT: process.env["LDAPTLS_CACERT"], LDAPTLS_REQCERT: process.env["LDAPTLS_REQCERT"] };
  afterEach(() => {
    for (const [name, value] of Object.entries(variables)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });
  const tls = { key: TEST_KEY, cert: TEST_CERTIFICATE };

  test("a server that nobody vouches for is a temporary failure", async () => {
    await start({ tls });
    expect(await answerOf("", "one", "ldaps")).toMatchObject({ kind: "tempfail", status: 75 });
  });

  test("certificates of LDAPTLS_CACERT count, and so do names", async () => {
    await start({ tls });
    const authorities = join(folder, "ca.pem");
    writeFileSync(authorities, TEST_CERTIFICATE);
    process.env["LDAPTLS_CACERT"] = authorities;
    // The certificate is for another name.
    expect(await answerOf("", "one", "ldaps")).toMatchObject({ kind: "tempfail" });
    process.env["LDAPTLS_REQCERT"] = "never";
    expect(await ask(open("", "ldaps"), "one")).toBe("v1");
  });

  test("a server that never finishes the handshake is given up after -c seconds", async () => {
    const silent = createServer((socket) => void socket.on("error", () => undefined).resume());
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const { port } = silent.address() as { port: number };
    const line = `Km ldap -H ldaps://127.0.0.1:${port} -c 1 -l 30 -b dc=test -k (mapKey=%0) -v mapValue`;
    map = declareMaps([line]).map("m");
    expect(await map.lookup("one", [], lookupContext())).toMatchObject({ kind: "tempfail", status: 75 });
    silent.close();
  });

  test("a missing file of authorities is a temporary failure", async () => {
    await start({ tls });
    process.env["LDAPTLS_CACERT"] = join(folder, "nosuch.pem");
    expect(await answerOf("", "one", "ldaps")).toMatchObject({ kind: "tempfail" });
  });

  test("ldapTrust() reads ldap.conf, the environment wins", () => {
    const file = join(folder, "ldap.conf");
    writeFileSync(join(folder, "x.pem"), "PEM");
    writeFileSync(file, `# comment\nBASE dc=test\ntls_cacert ${folder}/x.pem\nTLS_REQCERT allow\n`);
    expect(ldapTrust({}, ["/nosuch", file])).toEqual({ ca: "PEM", rejectUnauthorized: false });
    expect(ldapTrust({ LDAPTLS_REQCERT: "hard" }, [file])).toEqual({ ca: "PEM", rejectUnauthorized: true });
    expect(ldapTrust({}, ["/nosuch"])).toEqual({ rejectUnauthorized: true });
    rmSync(folder, { recursive: true });
  });
});
