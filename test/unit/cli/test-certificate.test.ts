/** The certificates of a home folder: made when they are wanted and there are none, never touched afterwards. */
import { X509Certificate } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { makeTestCertificate, wantsTestCertificate } from "../../../src/cli/test-certificate.ts";
import { openServerContext } from "../../../src/tls/server-context.ts";

const NOW = Date.UTC(2026, 10, 30, 12);

let home: string;
let folder: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "certs-"));
  folder = join(home, "certs");
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function wants(...lines: readonly string[]): boolean {
  writeFileSync(join(home, "sendmail.cf"), lines.map((line) => `${line}\n`).join(""));
  return wantsTestCertificate(join(home, "sendmail.cf"), home);
}

function named(): string[] {
  return [`O ServerCertFile=${folder}/server.pem`, `O ServerKeyFile=${folder}/server.key`];
}

test("is wanted by a configuration that names both files, while there are none", () => {
  expect(wants(...named())).toBe(true);
  mkdirSync(folder);
  expect(wants(...named())).toBe(true);
  writeFileSync(join(folder, "server.key"), "the key of a certificate that is still to come\n");
  expect(wants(...named())).toBe(false);
});

test.each([
  ["none", () => []],
  ["another certificate", () => ["O ServerCertFile=/etc/mail/mx.pem", named()[1]]],
  ["another key", () => [named()[0], "O ServerKeyFile=/etc/mail/mx.key"]],
  ["another one in the end", () => [...named(), "O ServerCertFile=/etc/mail/mx.pem"]],
  ["only one of the files", () => [named()[0]]],
  ["one behind a comment sign", () => named().map((line) => `#${line}`)],
])("is not wanted by a configuration that names %s", (_what, lines) => {
  expect(wants(...lines())).toBe(false);
});

function mode(path: string): string {
  return (statSync(path).mode & 0o7777).toString(8);
}

test("is made with a key that only its owner may read, and serves", () => {
  const umask = process.umask(0);
  try {
    makeTestCertificate(home, "mx.example.test", NOW);
  } finally {
    process.umask(umask);
  }
  const isRoot = process.geteuid?.() === 0;
  expect([folder, join(folder, "server.key"), join(folder, "server.pem")].map(mode)).toEqual([
    isRoot ? "755" : "700",
    "600",
    "644",
  ]);
  const made = new X509Certificate(readFileSync(join(folder, "server.pem")));
  expect([made.checkHost("mx.example.test"), made.validFrom, made.validTo]).toEqual([
    "mx.example.test",
    "Nov 29 12:00:00 2026 GMT",
    "Nov 26 11:59:59 2036 GMT",
  ]);
  const context = openServerContext(
    {
      certFile: join(folder, "server.pem"),
      keyFile: join(folder, "server.key"),
      nameCerts: "",
      caFile: "",
      caPath: "",
      crlFile: "",
      crlPath: "",
      cipherList: "",
      cipherSuites: "",
      sslOptions: "",
      dhParameters: "",
      dontBlame: new Set(),
    },
    Buffer.alloc(48),
  );
  expect(context).toMatchObject({
    kind: "context",
    warnings: [
      `${folder}/server.pem is a test certificate, which no client trusts: put one in its place that an authority has signed`,
    ],
  });
});

test("is for localhost when the name of the host is none", () => {
  expect(makeTestCertificate(home, "my host", NOW).subjectAltName).toBe("DNS:localhost");
});

test("has keys and numbers of its own", () => {
  const first = makeTestCertificate(home, "a.test", NOW);
  rmSync(folder, { recursive: true });
  const second = makeTestCertificate(home, "a.test", NOW);
  expect(second.serialNumber).not.toBe(first.serialNumber);
  expect(second.verify(first.publicKey)).toBe(false);
});

test("what a killed start left is made anew, whole", () => {
  mkdirSync(`${folder}.new`);
  writeFileSync(join(`${folder}.new`, "server.key"), "-----BEGIN PRIV");
  expect(wants(...named())).toBe(true);
  const made = makeTestCertificate(home, "a.test", NOW);
  expect(readdirSync(folder).toSorted()).toEqual(["server.key", "server.pem"]);
  expect(made.toString()).toBe(readFileSync(join(folder, "server.pem"), "utf8"));
  expect(existsSync(`${folder}.new`)).toBe(false);
});

test("does not replace a folder with something in it", () => {
  mkdirSync(folder);
  writeFileSync(join(folder, "server.pem"), "mine");
  expect(() => makeTestCertificate(home, "a.test", NOW)).toThrow(/ENOTEMPTY|EEXIST/);
  expect(readFileSync(join(folder, "server.pem"), "utf8")).toBe("mine");
  expect(readdirSync(folder)).toEqual(["server.pem"]);
});
