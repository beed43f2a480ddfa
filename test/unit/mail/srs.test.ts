/**
 * Addresses of the Sender Rewriting Scheme. The table says what Mail::SRS 0.31 and postsrsd 1.10 made of them with the secret
 * "tops3cret" on 2026-12-01, as domain here.test.
 */
import { describe, expect, test } from "@jest/globals";
import { srsForward, type SrsForm, srsReverse } from "../../../src/mail/srs.ts";

const NOW = 1_796_092_640_000;
const DAY = 86_400_000;
const usual: SrsForm = { separator: "=", hashLength: 4, longest: 0 };
const keys = (now = NOW, ...secrets: string[]) => ({ secrets: secrets.length > 0 ? secrets : ["tops3cret"], now });
const forward = (address: string, form: Partial<SrsForm> = {}): string => {
  const answer = srsForward(address, "here.test", keys(), { ...usual, ...form });
  return answer.kind === "address" ? answer.address : answer.kind;
};
const reverse = (address: string, now = NOW, ...secrets: string[]): string => {
  const answer = srsReverse(address, keys(now, ...secrets), 4, 21);
  return answer.kind === "address" ? answer.address : answer.kind;
};
const latin1 = (text: string): string => Buffer.from(text).toString("latin1");

const VECTORS = [
  ["joe@example.com", "SRS0=JVx6=JU=example.com=joe@here.test"],
  ["Joe.Smith@Example.COM", "SRS0=K9va=JU=Example.COM=Joe.Smith@here.test"],
  ["SRS0=AbCd=TT=a.test=bob@b.test", "SRS1=IpOm=b.test==AbCd=TT=a.test=bob@here.test"],
  ["SRS0+AbCd=TT=a.test=bob@b.test", "SRS1=/RGM=b.test=+AbCd=TT=a.test=bob@here.test"],
  ["a=b=c+d-e@x-y.test", "SRS0=HWWf=JU=x-y.test=a=b=c+d-e@here.test"],
  ["SRS0-x@odd.test", "SRS1=XkfT=odd.test=-x@here.test"],
  [latin1("üser@example.com"), latin1("SRS0=/kSG=JU=example.com=üser@here.test")],
] as const;
const LONGER_HASHES = [
  ["joe@example.com", "SRS0+JVx6WwHa=JU=example.com=joe@here.test"],
  ["SRS1=wxyz=b.test==HHHH=TT=a.test=bob@c.test", "SRS1+vAkaU45R=b.test==HHHH=TT=a.test=bob@here.test"],
  ["SRS0+AbCd=TT=a.test=bob@b.test", "SRS1+/RGMBpHh=b.test=+AbCd=TT=a.test=bob@here.test"],
] as const;

describe("vectors of others", () => {
  test.each(VECTORS)("%s → %s, and back", (sender, rewritten) => {
    expect(forward(sender)).toBe(rewritten);
    expect(reverse(rewritten)).toBe(sender);
  });

  test.each(LONGER_HASHES)("separator + and eight characters: %s → %s", (sender, rewritten) => {
    expect(forward(sender, { separator: "+", hashLength: 8 })).toBe(rewritten);
  });

  test("an SRS1 address of another host keeps its first host, and the bounce goes there", () => {
    const rewritten = "SRS1=vAka=b.test==HHHH=TT=a.test=bob@here.test";
    expect(forward("SRS1=wxyz=b.test==HHHH=TT=a.test=bob@c.test")).toBe(rewritten);
    expect(reverse(rewritten)).toBe("SRS0=HHHH=TT=a.test=bob@b.test");
  });

  test("letter case may be lost on the way", () => {
    expect(reverse("srs0=k9va=ju=example.com=joe.smith@here.test")).toBe("joe.smith@example.com");
    expect(reverse("SRS1=IPOM=B.TEST==ABCD=TT=A.TEST=BOB@HERE.TEST")).toBe("SRS0=ABCD=TT=A.TEST=BOB@B.TEST");
  });
});

describe("what is refused", () => {
  test.each([
    ["a hash of somebody else", "SRS0=AAAA=JU=example.com=joe@here.test", "forged"],
    ["another user", "SRS0=JVx6=JU=example.com=jane@here.test", "forged"],
    ["another host", "SRS0=JVx6=JU=example.org=joe@here.test", "forged"],
    ["another day", "SRS0=JVx6=JV=example.com=joe@here.test", "forged"],
    ["another first host", "SRS1=IpOm=c.test==AbCd=TT=a.test=bob@here.test", "forged"],
    ["a hash of three characters", "SRS0=JVx=JU=example.com=joe@here.test", "forged"],
    ["no hash", "SRS0==JU=example.com=joe@here.test", "forged"],
    ["a hash that goes on with something else", "SRS0=JVx6XXXX=JU=example.com=joe@here.test", "forged"],
    ["a hash longer than any", `SRS0=${"J".repeat(60)}=JU=example.com=joe@here.test`, "forged"],
    ["a day of one character", "SRS0=JVx6=J=example.com=joe@here.test", "malformed"],
    ["a day of other characters", "SRS0=JVx6=J1=example.com=joe@here.test", "malformed"],
    ["no user", "SRS0=JVx6=JU=example.com=@here.test", "malformed"],
    ["too few fields", "SRS0=JVx6=JU@here.test", "malformed"],
    ["an SRS1 without the separator of SRS0", "SRS1=IpOm=b.test=AbCd=TT=a.test=bob@here.test", "malformed"],
    ["a user of that name", "SRS0@here.test", "none"],
    ["another separator", "SRS0/JVx6=JU=example.com=joe@here.test", "none"],
    ["an ordinary address", "joe@here.test", "none"],
    ["no address", "SRS0=JVx6=JU=example.com=joe", "none"],
  ])("%s: %s is %s", (_, address, kind) => {
    expect(reverse(address)).toBe(kind);
  });

  test("an address that is older than it may be", () => {
    const address = "SRS0=JVx6=JU=example.com=joe@here.test";
    expect(reverse(address, NOW + 21 * DAY)).toBe("joe@example.com");
    expect(reverse(address, NOW + 22 * DAY)).toBe("expired");
    expect(reverse(address, NOW + 1024 * DAY)).toBe("joe@example.com");
  });

  test("the clock of a host with the same secret may be a little ahead, not two days", () => {
    const address = "SRS0=JVx6=JU=example.com=joe@here.test";
    expect(reverse(address, NOW - DAY)).toBe("joe@example.com");
    expect(reverse(address, NOW - 2 * DAY)).toBe("expired");
  });
});

test("every secret is good for what comes back, the first for what is sent", () => {
  const address = "SRS0=JVx6=JU=example.com=joe@here.test";
  expect(reverse(address, NOW, "new", "tops3cret")).toBe("joe@example.com");
  expect(reverse(address, NOW, "new")).toBe("forged");
  expect(srsForward("joe@example.com", "here.test", keys(NOW, "tops3cret", "old"), usual)).toMatchObject({ address });
});

test("an address of the domain itself, and none at all, are not rewritten", () => {
  for (const sender of [
    "joe@here.test",
    "joe@HERE.test.",
    "SRS0=JVx6=JU=example.com=joe@here.test",
    "",
    "joe",
    "@x.test",
  ])
    expect(forward(sender)).toBe("none");
});

test("a local part in quotes comes back as it was", () => {
  const rewritten = forward('"joe \\"the\\" smith"@example.com');
  expect(rewritten).toMatch(/^"SRS0=....=JU=example\.com=joe \\"the\\" smith"@here\.test$/);
  expect(reverse(rewritten)).toBe('"joe \\"the\\" smith"@example.com');
  // Quotes that are not needed are no part of the address.
  expect(forward('"joe"@example.com')).toBe("SRS0=JVx6=JU=example.com=joe@here.test");
});

test("a local part that gets too long is not made", () => {
  const fits = `${"j".repeat(64 - "SRS0=JVx6=JU=example.com=".length)}@example.com`;
  expect(forward(fits, { longest: 64 })).toMatch(/^SRS0=/);
  expect(srsForward(`j${fits}`, "here.test", keys(), { ...usual, longest: 64 })).toEqual({ kind: "long", octets: 65 });
  expect(reverse(forward(`j${fits}`))).toBe(`j${fits}`);
});
