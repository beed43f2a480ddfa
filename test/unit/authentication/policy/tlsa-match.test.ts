/** A chain of certificates beside TLSA records: what RFC 7671 and 7672 let through, and what they do not. */
import { createHash, X509Certificate } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import { tlsaText, usableTlsa, readTlsa, type TlsaRecord } from "../../../../src/authentication/policy/tlsa.ts";
import { matchTlsa } from "../../../../src/authentication/policy/tlsa-match.ts";
import { certificateParts } from "../../../../src/tls/certificate-parts.ts";
import * as pem from "../../../support/line-certificates.ts";

const NOW = Date.parse("2027-01-01");

function chainOf(...texts: string[]): X509Certificate[] {
  return texts.map((text) => new X509Certificate(text));
}

/** "3 1 1" of a certificate. */
function record(kind: string, text: string): TlsaRecord {
  const [usage, selector, matching] = kind.split(" ").map(Number);
  const { raw } = new X509Certificate(text);
  const selected = selector === 0 ? raw : certificateParts(raw)!.publicKeyInfo;
  const data =
    matching === 0
      ? selected
      : createHash(matching === 1 ? "sha256" : "sha512")
          .update(selected)
          .digest();
  return { usage, selector, matching, data };
}

function came(records: TlsaRecord[], chain: X509Certificate[], names = ["mx.b.test"], now = NOW): string {
  const result = matchTlsa(records, chain, names, now);
  if (result.kind === "mismatch") return `${result.type}: ${result.reason}`;
  return tlsaText(result.record).slice(0, 5);
}

const WHOLE = chainOf(pem.LEAF, pem.LINE_INTERMEDIATE, pem.LINE_ROOT);
const NOT_ABOUT = "certificate-not-trusted: no TLSA record is about the certificate of the server";

describe("DANE-EE(3)", () => {
  const kinds = ["3 0 0", "3 0 1", "3 0 2", "3 1 0", "3 1 1", "3 1 2"];
  test.each(kinds)("%s of the server's certificate", (kind) => {
    expect(came([record(kind, pem.LEAF)], WHOLE)).toBe(kind);
    const other = kind.startsWith("3 0") ? pem.OTHER_NAME : pem.LINE_INTERMEDIATE;
    expect(came([record(kind, other)], WHOLE)).toBe(NOT_ABOUT);
  });

  test("its dates and names do not count, and nobody has to have signed it", () => {
    expect(came([record("3 1 1", pem.EXPIRED)], chainOf(pem.EXPIRED))).toBe("3 1 1");
    expect(came([record("3 0 1", pem.OTHER_NAME)], chainOf(pem.OTHER_NAME))).toBe("3 0 1");
  });

  test("that of an authority does not do", () => {
    expect(came([record("3 1 1", pem.LINE_INTERMEDIATE)], WHOLE)).toBe(NOT_ABOUT);
  });

  test("one that fits is enough", () => {
    expect(came([record("3 1 1", pem.OTHER_NAME), record("3 0 1", pem.FORGED), record("3 1 2", pem.LEAF)], WHOLE)).toBe(
      "3 1 1",
    );
    expect(came([record("3 0 1", pem.FORGED), record("3 1 2", pem.LEAF)], WHOLE)).toBe("3 1 2");
  });

  test("no certificate fits nothing", () => {
    expect(came([record("3 1 1", pem.LEAF)], [])).toMatch(/no certificate/);
  });
});

describe("DANE-TA(2)", () => {
  const kinds = ["2 0 0", "2 0 1", "2 0 2", "2 1 0", "2 1 1", "2 1 2"];
  test.each(kinds)("%s of any authority above it", (kind) => {
    expect(came([record(kind, pem.LINE_INTERMEDIATE)], WHOLE)).toBe(kind);
    expect(came([record(kind, pem.LINE_ROOT)], WHOLE)).toBe(kind);
    expect(came([record(kind, pem.FORGED)], WHOLE)).toBe(NOT_ABOUT);
  });

  test.each(["2 0 0", "2 1 0"])("%s: an authority that is not shown", (kind) => {
    expect(came([record(kind, pem.LINE_ROOT)], WHOLE.slice(0, 2))).toBe(kind);
    expect(came([record(kind, pem.LINE_INTERMEDIATE)], WHOLE.slice(0, 1))).toBe(kind);
    expect(came([record(kind, pem.FORGED)], WHOLE.slice(0, 1))).toBe(NOT_ABOUT);
  });

  test("by its digest alone it has to be shown", () => {
    expect(came([record("2 1 1", pem.LINE_ROOT)], WHOLE.slice(0, 2))).toBe(NOT_ABOUT);
  });

  test("the server's own certificate is no authority", () => {
    expect(came([record("2 0 1", pem.LEAF)], WHOLE)).toBe(NOT_ABOUT);
  });

  const anchor = [record("2 0 1", pem.LINE_ROOT)];
  test.each([
    ["another name", [pem.OTHER_NAME, pem.LINE_INTERMEDIATE], /^certificate-host-mismatch: .*not for mx\.b\.test/],
    ["another date", [pem.EXPIRED, pem.LINE_INTERMEDIATE], /^certificate-expired: the certificate has expired/],
    ["a forged signature", [pem.LEAF, pem.FORGED], /^certificate-not-trusted: the signature on .* is wrong/],
    ["an issuer that is no authority", [pem.BELOW_LEAF, pem.LEAF, pem.LINE_INTERMEDIATE], /must not issue/],
    ["a path that is too long", [pem.DEEP, pem.SUB_AUTHORITY, pem.LINE_INTERMEDIATE], /Intermediate" must not issue/],
    ["a client's certificate", [pem.CLIENT_ONLY, pem.LINE_INTERMEDIATE], /not for servers/],
    ["a limit that is not understood", [pem.CONFINED, pem.CONSTRAINED], /not understood \(2\.5\.29\.30\)/],
  ])("%s", (_name, texts, expected) => {
    expect(came(anchor, chainOf(...texts, pem.LINE_ROOT))).toMatch(expected);
  });

  test("one of several names will do", () => {
    expect(came(anchor, WHOLE, ["b.test", "mx.b.test"])).toBe("2 0 1");
    expect(came(anchor, WHOLE, ["b.test"])).toMatch(/host-mismatch/);
  });

  test("not before its time", () => {
    expect(came(anchor, WHOLE, ["mx.b.test"], Date.parse("2001-01-01"))).toMatch(/not valid yet/);
  });
});

function kindsOf(records: readonly TlsaRecord[]): string[] {
  return records.map((each) => tlsaText(each).slice(0, 5));
}

describe("usableTlsa()", () => {
  test("leaves out what is of no use for mail, and digests of the wrong length", () => {
    const bad = [
      record("0 0 1", pem.LEAF),
      record("1 1 1", pem.LEAF),
      { ...record("3 1 1", pem.LEAF), data: Buffer.alloc(31) },
    ];
    const odd = [
      record("4 0 0", pem.LEAF),
      { ...record("3 1 1", pem.LEAF), selector: 2 },
      { ...record("3 1 1", pem.LEAF), matching: 3 },
    ];
    expect(kindsOf(usableTlsa([...bad, ...odd]))).toEqual([]);
  });

  test("of digests for one kind the strongest counts (RFC 7671 §9)", () => {
    const all = ["3 1 1", "3 1 2", "3 0 1", "2 1 1", "3 1 0"].map((kind) => record(kind, pem.LEAF));
    expect(kindsOf(usableTlsa(all))).toEqual(["3 1 2", "3 0 1", "2 1 1", "3 1 0"]);
  });

  test("readTlsa() of too few octets is nothing", () => {
    expect(readTlsa(Buffer.from("030101", "hex"))).toBeUndefined();
    expect(readTlsa(Buffer.from("030101aa", "hex"))).toMatchObject({ usage: 3, selector: 1, matching: 1 });
  });
});
