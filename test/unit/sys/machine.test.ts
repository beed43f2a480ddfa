import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "@jest/globals";
import { parseHosts, qualifiedName } from "../../../src/sys/hosts.ts";
import { parseResolvConf, readMachine } from "../../../src/sys/machine.ts";

const folder = mkdtempSync(join(tmpdir(), "machine-"));
afterAll(() => rmSync(folder, { recursive: true }));

function described(content: string) {
  const file = join(folder, "machine.json");
  writeFileSync(file, content);
  return () => readMachine({ RULEMAIL_MACHINE: file });
}

test("readMachine() reads this machine when nothing replaces it", () => {
  const machine = readMachine({});
  expect(machine.hostName).not.toBe("");
  expect(machine.nameServers.length).toBeGreaterThan(0);
  expect(machine.hostsFile).toBe("/etc/hosts");
});

test("readMachine() takes everything from the file that RULEMAIL_MACHINE names", () => {
  const machine = described(`{
    "hostName": "mail.example.test",
    "nameServers": ["127.0.0.1:5353", "[::1]:54", "127.0.0.2", { "address": "127.0.0.3", "port": 55 }],
    "search": ["example.test."], "timeout": 0.2, "attempts": 1, "hostsFile": "/tmp/hosts", "interfaces": ["192.0.2.7"]
  }`)();
  expect(machine).toEqual({
    hostName: "mail.example.test",
    nameServers: [
      { address: "127.0.0.1", port: 5353 },
      { address: "::1", port: 54 },
      { address: "127.0.0.2", port: 53 },
      { address: "127.0.0.3", port: 55 },
    ],
    search: ["example.test"],
    ndots: 1,
    timeout: 0.2,
    attempts: 1,
    hostsFile: "/tmp/hosts",
    interfaces: ["192.0.2.7"],
  });
});

test("readMachine() says what is wrong with a machine description", () => {
  expect(described("{")).toThrow(/machine.json" \(RULEMAIL_MACHINE\): .*JSON/);
  expect(described("[]")).toThrow("it must hold one JSON object");
  expect(described("{}")).toThrow('"hostName" must be the name of the host');
  expect(described('{"hostName":"a","nameServer":[]}')).toThrow(
    '"nameServer" is not a field of it; there are hostName',
  );
  expect(described('{"hostName":"a","nameServers":["nonsense"]}')).toThrow('"nameServers[0]" must be an address');
  expect(described('{"hostName":"a","nameServers":["127.0.0.1:70000"]}')).toThrow('"nameServers[0]"');
  expect(described('{"hostName":"a","ndots":"1"}')).toThrow('"ndots" must be a number');
  expect(() => readMachine({ RULEMAIL_MACHINE: join(folder, "missing") })).toThrow(/ENOENT/);
});

test("parseResolvConf() reads servers, search list and options within their limits", () => {
  const text = `# comment
nameserver 192.0.2.1
nameserver nonsense
nameserver 2001:db8::1
domain old.test
search a.test b.test.
options ndots:99 timeout:2 attempts:0 rotate
`;
  expect(parseResolvConf(text, "host.example.test")).toEqual({
    nameServers: [
      { address: "192.0.2.1", port: 53 },
      { address: "2001:db8::1", port: 53 },
    ],
    search: ["a.test", "b.test"],
    ndots: 15,
    timeout: 2,
    attempts: 1,
  });
});

test("parseResolvConf() falls back to the domain of the host and to a server on this machine", () => {
  const read = parseResolvConf("", "host.example.test");
  expect(read.search).toEqual(["example.test"]);
  expect(read.nameServers).toEqual([{ address: "127.0.0.1", port: 53 }]);
});

test("qualifiedName() finds the name with a dot beside a short one", () => {
  const lines = parseHosts(
    "127.0.0.1 localhost\n127.0.1.1\tmail mail.example.test # us\nbad line here\nfe80::1%lo x\n",
  );
  expect(lines).toHaveLength(2);
  expect(qualifiedName(lines, "MAIL")).toBe("mail.example.test");
  expect(qualifiedName(lines, "localhost")).toBeUndefined();
});
