/** FEATURE(srs): the rules in each kind of configuration. What a whole server does: test/scenario/forwarding.test.ts. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { compileMc } from "../../../src/mc/compile.ts";
import { folderLibrary } from "../../../src/mc/library.ts";
import { decide } from "../../support/decisions.ts";

const library = folderLibrary(join(import.meta.dirname, "../../../macros"));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mc-srs-"));
  writeFileSync(join(folder, "secret"), "tops3cret\n", { mode: 0o600 });
});
afterEach(() => rmSync(folder, { recursive: true }));

const OURS = { forwarded_from: "info@mx.example.com", u: "joe@far.test" };

/** What SrsSender makes of the sender in a delivery with these macros. */
async function sender(
  address: string,
  macros: Readonly<Record<string, string>> = OURS,
  more: readonly string[] = [],
  domain = "",
): Promise<string> {
  const typed = Object.entries(macros).map(([name, value]) => `.D${name.length === 1 ? name : `{${name}}`}${value}`);
  return (await answers([...typed, `SrsSender ${address}`], more, domain)).at(-1)!;
}

async function answers(
  typed: readonly string[],
  more: readonly string[] = [],
  domain = "",
): Promise<readonly string[]> {
  const lines = [
    "OSTYPE(`linux')",
    "define(`confDOMAIN_NAME', `mx.example.com')",
    "define(`confDONT_PROBE_INTERFACES', `True')",
    "FEATURE(`nocanonify')",
    `FEATURE(\`srs', \`${domain}', \`${join(folder, "secret")}')`,
    ...more,
    "MAILER(`local')",
    "MAILER(`smtp')",
    "",
  ];
  const { text, diagnostics } = compileMc({ file: join(folder, "site.mc"), text: lines.join("\n") }, { library });
  expect(diagnostics).toEqual([]);
  const config = join(folder, "sendmail.cf");
  writeFileSync(config, text, "latin1");
  return (await decide(config, typed)).map(({ answer }) => answer.replace(/ (?=[@<>./+])|(?<=[@<>./+]) /g, ""));
}

const REWRITTEN = /^SRS0=[\w+/]{4}=[A-Z2-7]{2}=a\.test=bob<@mx\.example\.com\.>$/;

test("the domain is $j without an argument, else a name of this host from now on", async () => {
  expect(await sender("bob<@a.test.>")).toMatch(REWRITTEN);
  expect(await sender("bob<@a.test>")).toMatch(REWRITTEN);
  expect(await sender("bob<@a.test.>", OURS, [], "srs.example.com")).toMatch(/<@srs\.example\.com\.>$/);
  const [found] = await answers(["3,0 joe@srs.example.com"], [], "srs.example.com");
  expect(found).toMatch(/\$# ?local/);
});

test.each<readonly [string, string, Readonly<Record<string, string>>, readonly string[]]>([
  ["the null sender", "<@>", OURS, []],
  ["a sender of this host", "bob<@mx.example.com.>", OURS, []],
  ["a login", "bob<@a.test.>", { ...OURS, auth_type: "PLAIN" }, []],
  ["mail that is not forwarded", "bob<@a.test.>", { u: "joe@far.test" }, []],
  ["mail that came in for others", "bob<@a.test.>", { ...OURS, forwarded_from: "x@relayed.test" }, []],
  ["mail for this host", "bob<@a.test.>", { ...OURS, u: "joe@mx.example.com." }, []],
  ["mail for a user without host", "bob<@a.test.>", { ...OURS, u: "joe" }, []],
  ["SRS_OWN_DOMAIN as sender", "bob<@a.test.>", OURS, ["SRS_OWN_DOMAIN(`a.test')"]],
  ["SRS_OWN_DOMAIN as recipient", "bob<@a.test.>", OURS, ["SRS_OWN_DOMAIN(`far.test')"]],
  ["MASQUERADE_AS", "bob<@a.test.>", OURS, ["MASQUERADE_AS(`a.test')"]],
  ["MASQUERADE_DOMAIN", "bob<@a.test.>", OURS, ["MASQUERADE_AS(`b.test')", "MASQUERADE_DOMAIN(`a.test')"]],
  ["VIRTUSER_DOMAIN", "bob<@a.test.>", OURS, ["FEATURE(`virtusertable')", "VIRTUSER_DOMAIN(`a.test')"]],
  [
    "a host below VIRTUSER_DOMAIN",
    "bob<@x.a.test.>",
    OURS,
    ["FEATURE(`virtusertable')", "FEATURE(`virtuser_entire_domain')", "VIRTUSER_DOMAIN(`a.test')"],
  ],
  ["GENERICS_DOMAIN", "bob<@a.test.>", OURS, ["FEATURE(`genericstable')", "GENERICS_DOMAIN(`a.test')"]],
])("%s: the sender stays", async (_, address, macros, more) => {
  expect(await sender(address, macros, more)).toBe(address);
});

test("what is forwarded for a virtual domain, from a local name or with a route counts as ours", async () => {
  for (const forwarded_from of ["info", "info@MX.example.com.", '"a b"@mx.example.com', "x@y@mx.example.com"])
    expect(await sender("bob<@a.test.>", { ...OURS, forwarded_from })).toMatch(REWRITTEN);
  const virtual = ["FEATURE(`virtusertable')", "VIRTUSER_DOMAIN(`v.test')"];
  expect(await sender("bob<@a.test.>", { ...OURS, forwarded_from: "x@v.test" }, virtual)).toMatch(REWRITTEN);
});

test("an address that comes back is its sender's, whatever a smart host or virtual users would say", async () => {
  const address = (await sender("bob%b.test<@a.test.>")).replace("<@mx.example.com.>", "@mx.example.com");
  const more = ["define(`SMART_HOST', `relay.test')", "FEATURE(`virtusertable', `text -o /none')"];
  const [back, forged, plain] = await answers(
    [`3,0 ${address}`, "3,0 SRS0=aaaa=TT=a.test=bob@mx.example.com", "3,0 SRS0@mx.example.com"],
    more,
  );
  expect(back).toMatch(/\$# ?relay \$@ ?relay.test \$: ?bob ?% ?b.test<@a.test.>$/);
  expect(forged).toMatch(/\$# ?error \$@ ?5.7.1 \$: ?"550 SRS address refused: its/);
  expect(plain).toMatch(/\$# ?local \$: ?SRS0$/);
});
