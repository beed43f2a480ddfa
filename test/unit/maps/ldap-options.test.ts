import { describe, expect, test } from "@jest/globals";
import { escapeFilterValue, fillFilter, readableFilter } from "../../../src/maps/ldap-filter.ts";
import { checkLdapDefaults, readLdapAddress } from "../../../src/maps/ldap-options.ts";
import { parseLdapUrl } from "../../../src/maps/ldap-url.ts";
import { declareMaps } from "../../support/map-environment.ts";

describe("filters", () => {
  test("escapeFilterValue() protects what means something in a filter", () => {
    expect(escapeFilterValue("a*b(c)d\\e\0f")).toBe("a\\2ab\\28c\\29d\\5ce\\00f");
    expect(escapeFilterValue("j\xc3\xbcrg&|!=<>~")).toBe("j\xc3\xbcrg&|!=<>~");
  });

  test.each([
    ["(a=%0)", "x*", undefined, "(a=x\\2a)"],
    ["(a=%s)", "x*", undefined, "(a=x*)"],
    ["(a=%0%s%0)", "%s", undefined, "(a=%s%s%s)"],
    ["(a=%%0)", "k", undefined, "(a=%0)"],
    ["(a=%1)(b=%z)", "k", undefined, "(a=%1)(b=%z)"],
    ["(a=%1)(b=%2)(c=%3)", "k", ["x)", "%0"], "(a=x\\29)(b=%0)(c=)"],
  ])("fillFilter(%j) of %j and %j", (template, key, args, filter) => {
    expect(fillFilter(template, key, args)).toBe(filter);
  });

  test.each([
    ["a=b", "(a=b)"],
    [" (& (a=b) (c=d e) ) ", "(&(a=b)(c=d e))"],
    ["(a=j\\c3\\bcrg\\2a)", "(a=jürg\\2a)"],
    ["(a=j\xc3\xbcrg)", "(a=jürg)"],
    ["(&(a=b)", undefined],
    ["(a=b))", undefined],
    ["(a=b)(c=d)", undefined],
    ["", undefined],
    ["(".repeat(100) + ")".repeat(100), undefined],
    [`(a=${"x".repeat(100_000)})`, undefined],
  ])("readableFilter(%j)", (given, filter) => {
    expect(readableFilter(given)).toBe(filter);
  });
});

test.each([
  ["ldap://h", { host: "h", port: 389, secure: false }],
  ["LDAPS://h/dc=x?y", { host: "h", port: 636, secure: true }],
  ["ldap://[::1]:3890", { host: "::1", port: 3890, secure: false }],
  ["ldap://", { host: "localhost", port: 389, secure: false }],
  ["ldapi://%2Frun%2Fs", { path: "/run/s" }],
  ["ldapi://", { path: "/run/slapd/ldapi" }],
  ["ldapi://%zz", undefined],
  ["http://h", undefined],
])("readLdapAddress(%j)", (uri, address) => {
  expect(readLdapAddress(uri)).toEqual(address);
});

test.each([
  ["ldap:///dc=x", { base: "dc=x", attributes: [], scope: "base", filter: "(objectClass=*)" }],
  ["ldap://h:1/a%20b?c,d?one?(e=%2a)", { base: "a b", attributes: ["c", "d"], scope: "one", filter: "(e=*)" }],
  ["ldaps://h", { base: "", attributes: [], scope: "base", filter: "(objectClass=*)" }],
  ["ldap:///x????!e=1", undefined],
  ["ldap:///x??tree", undefined],
  ["mailto:x", undefined],
])("parseLdapUrl(%j)", (text, url) => {
  expect(parseLdapUrl(text)).toEqual(url);
});

test.each([
  ["-k x=%0 -v a", []],
  ["-v cn", ["No filter given in map m"]],
  ["-M foo -k x", ["Method for binding must be [none|simple|krbv4] (not foo) in map m"]],
  ["-M LDAP_AUTH_SIMPLE -k x", []],
  ["-s foo -k x", ["Scope must be [base|one|sub] (not foo) in map m"]],
  ["-r foo -k x", ["Deref must be [never|always|search|find] (not foo) in map m"]],
  ["-v a:FOO -k x", ["Unknown attribute type (FOO) in m"]],
  ["-v a:URL -k x", ["LDAP recursion requested in m but no returnable attribute given"]],
  ["-w 4 -k x", ["LDAP version 4 exceeds max of 3 in map m"]],
  ["-w 1 -k x", ["LDAP version 1 is lower than min of 2 in map m"]],
  ["-J -k x", ["Illegal option J map m"]],
  ["-h a -H ldap://b -k x", ["Can not specify both an LDAP host and an LDAP URI in map m"]],
  ["-H http://b -k x", ["LDAP URI must be ldap://, ldaps:// or ldapi:// (not http://b) in map m"]],
  ["-P /nosuch -k x", ["LDAP map: cannot open secret /nosuch: No such file or directory"]],
])("the K line %j is met with %j", (flags, expected) => {
  const { map, problems } = declareMaps([`Km ldap ${flags}`]);
  expect(problems).toEqual(expected);
  expect(map("m").available?.()).toBe(expected.length === 0 || flags.startsWith("-J"));
});

test("flags of LDAPDefaultSpec are in force unless the K line sets them", () => {
  const { problems } = declareMaps(["Ka ldap -v cn", "Kb ldap -H ldap://c"], {
    ldapDefaultSpec: () => '-h a -b "dc=x y" -k z',
  });
  expect(problems).toEqual(["Can not specify both an LDAP host and an LDAP URI in map b"]);
});

test.each([
  ['-h "dir.test" -n -P /nosuch', '-h "dir.test" -n', 1],
  ["-h dir.test -k x -v y", '-h "dir.test"', 2],
  ["-o -1 -h dir.test -b dc=x,dc=y -p 400", '-h "dir.test" -b "dc=x,dc=y" -p "400"', 1],
  ["-J -h dir.test", '-h "dir.test"', 1],
  ["-h dir.test -M foo", undefined, 1],
  ["-h dir.test -M foo -P /nosuch", undefined, 2],
  ["-h dir.test -b dc=x", "-h dir.test -b dc=x", 0],
])("of the defaults %j the flags %j count", (text, usable, number) => {
  const found = checkLdapDefaults(text, "O LDAPDefaultSpec", { dontBlame: new Set() });
  expect(found.usable).toBe(usable);
  expect(found.problems).toHaveLength(number);
});
