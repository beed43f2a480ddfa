/** MTA-STS as a client (RFC 8461): a real HTTPS server with the policy, and mail servers that are as it says, or not. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { StsCache } from "../../../../src/authentication/policy/sts/cache.ts";
import { silentLog } from "../../../../src/log/log.ts";
import { systemClock } from "../../../../src/sys/clock.ts";
import { TEST_CERTIFICATE, TEST_KEY } from "../../../support/certificate.ts";
import { EXPIRED, LEAF, OTHER_NAME, POLICY_HOST_EXPIRED } from "../../../support/line-certificates.ts";
import { lineSite, tlsa, tlsSink } from "../../../support/line-site.ts";
import { policyHost, policyText, type PolicyHost } from "../../../support/policy-host.ts";
import { closing } from "../../../support/closing.ts";
import { sink, texts } from "../../../support/smtp-delivery.ts";

const STS = ["FEATURE(`sts')", "define(`confCACERT', `@DIR@/ca.pem')"];
const SENT = "2.0.0 Sent (ok queued as 1)";
const ZONE = {
  "b.test": ["MX 10 mx.b.test"],
  "mx.b.test": ["A 127.0.0.1"],
  "_mta-sts.b.test": ["TXT v=STSv1; id=1;"],
  "mta-sts.b.test": ["A 127.0.0.1"],
};

interface Case {
  readonly policy?: PolicyHost["say"];
  readonly policyCertificate?: string;
  readonly certificate?: string;
  readonly clear?: boolean;
  readonly mc?: readonly string[];
  readonly zone?: Readonly<Record<string, readonly string[]>>;
}

async function deliver(values: Case) {
  const { policy = policyText("enforce"), policyCertificate, certificate, clear = false, mc = STS, zone = {} } = values;
  const host = await policyHost(policy, policyCertificate);
  const server = clear ? await sink({ extensions: [] }) : await tlsSink(certificate);
  const site = await lineSite(mc, server.port, { ...ZONE, ...zone }, { httpsPort: host.port });
  const report = await site.deliver({ host: "b.test" });
  const tls = site.log.findLast((each) => each.startsWith("STARTTLS=client, relay") && each.includes("version=")) ?? "";
  return { ...site, server, host, came: texts(report)[0], tls };
}

const REDIRECT: PolicyHost["say"] = (_request, response) => {
  response.writeHead(302, { Location: "https://mta-sts.b.test/elsewhere" });
  response.end();
};
const PAGE: PolicyHost["say"] = (_request, response) => {
  response.writeHead(200, { "Content-Type": "text/html" });
  response.end(policyText("enforce"));
};

/** A clock that can be put forward. */
function clockAhead() {
  let ahead = 0;
  return {
    now: () => systemClock.now() + ahead,
    after: (ms: number, action: () => void) => systemClock.after(ms, action),
    forward: (seconds: number) => void (ahead += seconds * 1000),
  };
}

describe("enforce", () => {
  test("a host of the policy with a good certificate", async () => {
    const { came, tls, host, events } = await deliver({});
    expect(came).toBe(SENT);
    expect(tls).toMatch(/verify=OK, .*, sts=enforce$/);
    expect(host.asked).toEqual(["mta-sts.b.test GET /.well-known/mta-sts.txt"]);
    expect(events).toMatchObject([
      { domain: "b.test", policy: { type: "sts", domain: "b.test", mxHosts: ["mx.b.test"] } },
    ]);
    expect(events[0].failure).toBeUndefined();
    expect(events[0].policy.strings).toEqual(["version: STSv1", "mode: enforce", "mx: mx.b.test", "max_age: 86400"]);
  });

  test.each<[name: string, Case, reason: string, type: string]>([
    ["no encryption", { clear: true }, "the server does not encrypt", "starttls-not-supported"],
    ["another name", { certificate: OTHER_NAME }, "the certificate is not for mx.b.test", "certificate-host-mismatch"],
    ["an old certificate", { certificate: EXPIRED }, "the certificate has expired", "certificate-expired"],
    ["nobody we know", { mc: STS.slice(0, 1), policyCertificate: undefined }, "", ""],
    [
      "another host",
      { policy: policyText("enforce", "*.c.test") },
      "mx.b.test is not a host of the MTA-STS policy of b.test",
      "validation-failure",
    ],
  ])("%s: the mail waits", async (name, values, reason, type) => {
    // Without the authority of the test the policy cannot be got, either: nothing holds.
    const { came, server, events } = await deliver(values);
    if (name === "nobody we know") {
      expect(came).toBe(SENT);
      expect(events[0].failure?.type).toBe("sts-webpki-invalid");
      return;
    }
    expect(came).toMatch(/^4\.7\.\d+ Deferred: /);
    expect(came).toContain(reason);
    expect(server.messages).toEqual([]);
    expect(events.map(({ failure }) => failure?.type)).toEqual([type]);
  });

  test("a certificate of nobody we know, though the policy could be got", async () => {
    const host = await policyHost(policyText("enforce"));
    const server = await sink({ extensions: ["STARTTLS"], tls: { cert: TEST_CERTIFICATE, key: TEST_KEY } });
    const site = await lineSite(STS, server.port, ZONE, { httpsPort: host.port });
    expect(texts(await site.deliver({ host: "b.test" }))[0]).toContain("the certificate cannot be verified (");
    expect(site.events.map(({ failure }) => failure?.type)).toEqual(["certificate-not-trusted"]);
  });

  test("the hosts that are in the policy are tried, the others are not", async () => {
    const { came } = await deliver({
      zone: { "b.test": ["MX 5 other.test", "MX 10 mx.b.test"], "other.test": ["A 127.0.0.1"] },
    });
    expect(came).toBe(SENT);
  });

  test("no way to TLS is no reason to go on in clear", async () => {
    const host = await policyHost(policyText("enforce"));
    const server = await tlsSink(LEAF, {
      reply: ({ verb }) => (verb === "STARTTLS" ? { reply: "220 go", drop: true } : undefined),
    });
    const site = await lineSite(STS, server.port, ZONE, { httpsPort: host.port });
    expect(texts(await site.deliver({ host: "b.test" }))[0]).toMatch(
      /^4\.7\.\d Deferred: .*(?:handshake|STARTTLS).* failed/,
    );
    expect([server.connections, server.messages.length]).toEqual([1, 0]);
  });
});

describe("testing", () => {
  test.each<[Case, string]>([
    [{ clear: true }, "starttls-not-supported"],
    [{ certificate: OTHER_NAME }, "certificate-host-mismatch"],
    [{ policy: policyText("testing", "*.c.test") }, "validation-failure"],
  ])("%#: the mail goes out, and what is wrong is told", async (values, type) => {
    const { came, events, log } = await deliver({ policy: policyText("testing"), ...values });
    expect(came).toBe(SENT);
    expect(events.map(({ failure }) => failure?.type)).toEqual([type]);
    expect(log.join("\n")).toContain("sts=testing/failed");
  });
});

describe("there is no policy", () => {
  test.each<[name: string, Case, type: string | undefined]>([
    ["mode none", { policy: policyText("none") }, undefined],
    ["a policy that is none", { policy: "mode: enforce\n" }, "sts-policy-invalid"],
    ["a redirect", { policy: REDIRECT }, "sts-policy-fetch-error"],
    ["a page", { policy: PAGE }, "sts-policy-fetch-error"],
    ["more than 64 KB", { policy: `${policyText("enforce")}x: ${"y".repeat(70_000)}\n` }, "sts-policy-fetch-error"],
    ["an HTTPS certificate for another name", { policyCertificate: LEAF }, "sts-webpki-invalid"],
    ["an old one", { policyCertificate: POLICY_HOST_EXPIRED }, "sts-webpki-invalid"],
    ["no such host", { zone: { "mta-sts.b.test": ["NODATA"] } }, "sts-policy-fetch-error"],
    ["the option is off", { mc: [] }, undefined],
    ["clt_features says M", { mc: [...STS, "LOCAL_CONFIG", "LOCAL_CLT_FEATURES", "R$*\t$# M"] }, undefined],
  ])("%s: the mail goes out as before", async (_name, values, type) => {
    const { came, server, events } = await deliver({ clear: true, ...values });
    expect([came, server.messages.length]).toEqual([SENT, 1]);
    const told = events.map(({ failure }) => failure?.type).filter((each) => each !== "starttls-not-supported");
    expect(told).toEqual(type === undefined ? [] : [type]);
  });
});

test("DANE goes before MTA-STS", async () => {
  const host = await policyHost(policyText("enforce", "*.c.test"));
  const server = await tlsSink();
  const zone = { ...ZONE, "b.test": ["SIGNED", "MX 10 mx.b.test"], "mx.b.test": ["SIGNED", "A 127.0.0.1"] };
  const site = await lineSite([...STS, "define(`confDANE', `true')"], server.port, zone, { httpsPort: host.port });
  site.dns.set(`_${server.port}._tcp.mx.b.test`, "SIGNED", tlsa("3 1 1", LEAF));
  expect(texts(await site.deliver({ host: "b.test" }))).toEqual([SENT]);
  expect(site.log.join("\n")).toContain("dane=3-1-1");
  expect(host.asked).toEqual([]);
});

async function kept(maxAge = 86_400) {
  const host = await policyHost(policyText("enforce", "mx.b.test", maxAge));
  const server = await sink({ extensions: [] });
  const folder = mkdtempSync(join(tmpdir(), "sts-"));
  closing.push(() => Promise.resolve(rmSync(folder, { recursive: true })));
  const clock = clockAhead();
  const stsFile = join(folder, "mta-sts");
  const open = () => lineSite(STS, server.port, ZONE, { httpsPort: host.port, clock, stsFile });
  return { host, server, clock, stsFile, open };
}

describe("what is kept", () => {
  test("is not fetched again while it has the same id", async () => {
    const { host, open } = await kept();
    const site = await open();
    for (let times = 0; times < 3; times++)
      expect(texts(await site.deliver({ host: "b.test" }))[0]).toMatch(/^4\.7\.10/);
    expect(host.asked.length).toBe(1);
  });

  test("counts on when DNS says nothing of it any more, and until its time ends", async () => {
    const { host, clock, open } = await kept(3600);
    const site = await open();
    await site.deliver({ host: "b.test" });
    site.dns.set("_mta-sts.b.test");
    site.dns.set("mta-sts.b.test");
    host.say = "gone";
    clock.forward(400);
    expect(texts(await site.deliver({ host: "b.test" }))[0]).toMatch(/^4\.7\.10/);
    clock.forward(3600);
    expect(texts(await site.deliver({ host: "b.test" }))).toEqual([SENT]);
  });

  test("a new id brings the new policy; one that cannot be got leaves the old one in force", async () => {
    const { host, open } = await kept();
    const site = await open();
    site.dns.set("_mta-sts.b.test", "0 TXT v=STSv1; id=1;");
    await site.deliver({ host: "b.test" });
    site.dns.set("_mta-sts.b.test", "0 TXT v=STSv1; id=2;");
    host.say = "damaged";
    expect(texts(await site.deliver({ host: "b.test" }))[0]).toMatch(/^4\.7\.10/);
    // Nobody is asked again at once.
    host.say = policyText("testing");
    expect(texts(await site.deliver({ host: "b.test" }))[0]).toMatch(/^4\.7\.10/);
    expect(host.asked.length).toBe(2);
  });

  test("after five minutes it is asked for again", async () => {
    const { host, clock, open } = await kept();
    host.say = "damaged";
    const site = await open();
    expect(texts(await site.deliver({ host: "b.test" }))[0]).toMatch(/^2\.0\.0 /);
    host.say = policyText("enforce");
    expect(texts(await site.deliver({ host: "b.test" }))[0]).toMatch(/^2\.0\.0 /);
    clock.forward(301);
    expect(texts(await site.deliver({ host: "b.test" }))[0]).toMatch(/^4\.7\.10/);
  });

  test("outlives a restart", async () => {
    const { host, stsFile, open, clock } = await kept();
    const site = await open();
    await site.deliver({ host: "b.test" });
    await site.close();
    expect(host.asked.length).toBe(1);
    const again = new StsCache(stsFile, clock, silentLog);
    expect(again.get("b.test")).toMatchObject({ id: "1", mode: "enforce", mx: ["mx.b.test"], maxAge: 86_400 });
    clock.forward(86_401);
    expect(again.get("b.test")).toBeUndefined();
    expect(readFileSync(stsFile, "utf8").split("\n").length).toBe(2);
  });

  test("a file that somebody has damaged is told of, and what is good of it counts", async () => {
    const { stsFile, clock } = await kept();
    const good = { domain: "c.test", id: "7", mode: "testing", mx: ["*.c.test"], maxAge: 60, fetched: clock.now() };
    writeFileSync(stsFile, `{"domain":\n${JSON.stringify(good)}\n${JSON.stringify({ ...good, mode: "x" })}\n`);
    const told: string[] = [];
    const cache = new StsCache(stsFile, clock, { ...silentLog, write: (_level, { text }) => void told.push(text) });
    expect([cache.size, cache.get("c.test")?.mode]).toEqual([1, "testing"]);
    expect(told).toEqual([expect.stringMatching(/2 lines cannot be read/)]);
  });
});
