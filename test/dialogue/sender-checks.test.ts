/** Who has sent a message, as clients and readers notice it: FEATURE(spf), FEATURE(dmarc), and rules of a site. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { PolicySite } from "../golden/policy/rows.ts";
import { type DnsServer, startDnsServer } from "../support/dns-server.ts";
import { type PolicyServer, startPolicyServer } from "../support/policy-server.ts";
import { signedMessage, signingPair } from "../support/signed-message.ts";

const CLIENT = "192.0.2.7";
const key = signingPair();
const folder = mkdtempSync(join(tmpdir(), "senders-"));
let dns: DnsServer;

beforeAll(async () => {
  dns = await startDnsServer({
    "7.2.0.192.in-addr.arpa": ["PTR client.far.test"],
    "client.far.test": ["A 192.0.2.7", "TXT v=spf1 a -all"],
    "8.2.0.192.in-addr.arpa": ["PTR relay.friend.test"],
    "relay.friend.test": ["A 192.0.2.8"],
    "pass.test": ["TXT v=spf1 ip4:192.0.2.7 -all"],
    "_dmarc.pass.test": ["TXT v=DMARC1; p=reject; rua=mailto:reports@pass.test"],
    "fail.test": ["TXT v=spf1 -all exp=why.fail.test"],
    "why.fail.test": ["TXT Not from %{i}. See http://fail.test/why"],
    "soft.test": ["TXT v=spf1 ~all"],
    "broken.test": ["TXT v=spf1 ip4:nonsense -all"],
    "loop.test": ["TXT v=spf1 include:loop.test -all"],
    "silent.test": ["DROP"],
    "slow.test": ["TXT v=spf1 include:silent.test -all"],
    "none.test": ["A 192.0.2.99"],
    "sub.none.test": ["A 192.0.2.99"],
    "_dmarc.quarantined.test": ["TXT v=DMARC1; p=quarantine"],
    "signed.test": ["TXT v=spf1 -all"],
    "_dmarc.signed.test": ["TXT v=DMARC1; p=reject"],
    "s1._domainkey.signed.test": [`TXT ${key.record}`],
    "bank.test": ["A 192.0.2.99"],
    "s1._domainkey.bank.test": [`TXT ${key.record}`],
    "_dmarc.undecided.test": ["SERVFAIL"],
    "_dmarc.open.test": ["SERVFAIL"],
    "s1._domainkey.guarded.test": ["SERVFAIL"],
  });
});

afterAll(async () => {
  await dns.close();
  rmSync(folder, { recursive: true, force: true });
});

const ACCESS = "FEATURE(`access_db', `hash -T<TMPF> @DIR@/access')";
const ANY_DOMAIN = "FEATURE(`accept_unresolvable_domains')";
let sites = 0;

async function withSite(site: PolicySite, use: (server: PolicyServer) => Promise<void>): Promise<void> {
  const features = [ANY_DOMAIN, ...site.features];
  // Nothing waits longer for a name server than the longest test.
  const names = { ...dns, machine: () => dns.machine({ timeout: 1 }) };
  const server = await startPolicyServer({ ...site, features }, join(folder, String(++sites)), names);
  try {
    await use(server);
  } finally {
    await server.close();
  }
}

interface Sent {
  /** Reply to the first command that was refused, or to the message. */
  readonly reply: string;
  /** Authentication-Results of the message that was accepted, unfolded. */
  readonly results: readonly string[];
  readonly logged: readonly string[];
}

const PLAIN = "From: joe@none.test\r\nSubject: hi\r\n\r\nhi\r\n";

function from(author: string): string {
  return `From: ${author}\r\nSubject: hi\r\n\r\nhi\r\n`;
}

async function send(server: PolicyServer, sender: string, message = PLAIN, address = CLIENT): Promise<Sent> {
  const before = server.accepted.length;
  const client = await server.client(address);
  await client.reply();
  let reply = "";
  for (const line of ["EHLO client.far.test", `MAIL FROM:<${sender}>`, "RCPT TO:<joe@mail.example.test>", "DATA"]) {
    reply = await client.ask(line);
    if (/^[45]/.test(reply)) break;
  }
  if (reply.startsWith("354")) {
    await client.raw(message.replaceAll(/^\./gm, ".."));
    reply = await client.ask(".");
  }
  client.half();
  await client.rest();
  const headers = server.accepted.at(before)?.envelope.headers ?? [];
  return {
    reply,
    results: headers
      .filter(({ name }) => name === "Authentication-Results")
      .map(({ value }) => value.replaceAll("\r\n", "")),
    logged: server.logged(),
  };
}

test("without the features nothing is asked, and fields of others stay as they are", async () => {
  await withSite({ features: [] }, async (server) => {
    const asked = dns.asked.length;
    const forged = `Authentication-Results: mail.example.test; spf=pass\r\n${PLAIN}`;
    const { reply, results, logged } = await send(server, "joe@fail.test", forged);
    expect(reply).toMatch(/^250/);
    expect(results).toEqual([" mail.example.test; spf=pass"]);
    expect(logged.filter((line) => line.startsWith("sender:"))).toEqual([]);
    expect(dns.asked.slice(asked).filter((line) => line.includes(" TXT "))).toEqual([]);
    expect(server.evidence).toEqual([]);
  });
});

test("FEATURE(spf): a result for each sender, and what follows from it", async () => {
  const features = [ACCESS, "FEATURE(`spf', `reject', `quarantine', `tempfail')"];
  const access = { "SPF:soft.test": "OK", "SPF:none.test": "REJECT", "SPF:192.0.2.9": "OK" };
  await withSite({ features, access }, async (server) => {
    const good = await send(server, "joe@pass.test");
    expect(good.reply).toMatch(/^250/);
    expect(good.results).toEqual([
      " mail.example.test;\tiprev=pass (client.far.test) policy.iprev=192.0.2.7;\tspf=pass smtp.helo=client.far.test;\tspf=pass smtp.mailfrom=pass.test",
    ]);
    expect(good.logged).toContain(
      "sender: iprev=pass, spf=pass (pass.test: ip4:192.0.2.7), spf_helo=pass (client.far.test: a), relay=client.far.test [192.0.2.7]",
    );
    expect((await send(server, "joe@fail.test")).reply).toBe(
      "550 5.7.23 <joe@fail.test>... SPF: 192.0.2.7 may not send mail of fail.test; its owner says: Not from 192.0.2.7. See http://fail.test/why",
    );
    expect((await send(server, "joe@soft.test")).reply).toMatch(/^250/);
    expect((await send(server, "joe@broken.test")).reply).toBe(
      "451 4.7.24 SPF: the record of broken.test is wrong or cannot be had",
    );
    expect((await send(server, "joe@none.test")).reply).toMatch(/^550 5\.7\.23 .* SPF: 192\.0\.2\.7 may not/);
    expect((await send(server, "joe@fail.test", PLAIN, "192.0.2.9")).reply).toMatch(/^250/);
    // The null sender: the HELO name counts.
    const report = await send(server, "");
    expect(report.results[0]).toContain("spf=pass smtp.helo=client.far.test");
  });
});

test("what FEATURE(spf) puts aside waits for an operator", async () => {
  await withSite({ features: ["FEATURE(`spf', `tag', `quarantine')"] }, async (server) => {
    expect((await send(server, "joe@fail.test")).results[0]).toContain("spf=fail smtp.mailfrom=fail.test");
    const aside = await send(server, "joe@soft.test");
    expect(aside.reply).toMatch(/^250/);
    expect(aside.logged).toContain("quarantine=SPF");
    expect(server.accepted).toHaveLength(1);
  });
});

test("records without end, and name servers that never answer, end in a result", async () => {
  const features = ["define(`confSENDER_CHECK_TIMEOUT', `1s')", "FEATURE(`spf', `reject', `tag', `tag', `tempfail')"];
  await withSite({ features }, async (server) => {
    expect((await send(server, "joe@loop.test")).results[0]).toContain(
      "spf=permerror (more than 10 terms that ask the DNS) smtp.mailfrom=loop.test",
    );
    expect((await send(server, "joe@slow.test")).reply).toMatch(/^451 4\.7\.24 .*SPF: the record of slow\.test/);
  });
});

test("hosts that may relay are not asked; what they say in our name is taken out all the same", async () => {
  await withSite({ features: ["FEATURE(`spf')", "FEATURE(`dmarc')"] }, async (server) => {
    const forged = `Authentication-Results: MAIL.Example.Test (x) 1; dmarc=pass\r\nAuthentication-Results: other.test; spf=pass\r\n${PLAIN}`;
    const sent = await send(server, "joe@fail.test", forged, "192.0.2.8");
    expect(sent.reply).toMatch(/^250/);
    expect(sent.results).toEqual([" other.test; spf=pass"]);
    expect(server.evidence).toEqual([]);
  });
});

test("a gateway of ours: nothing is asked, and its results stay", async () => {
  const features = ["define(`confSENDER_CHECK_GATEWAYS', `192.0.2.0/28')", "FEATURE(`spf')", "FEATURE(`dmarc')"];
  await withSite({ features }, async (server) => {
    const message = `Authentication-Results: mail.example.test; dmarc=pass\r\n${PLAIN}`;
    expect((await send(server, "joe@fail.test", message)).results).toEqual([" mail.example.test; dmarc=pass"]);
  });
});

test("what a gateway says itself is known to rules at the end of the message", async () => {
  const refusal = 'Rfail $| $* $| $+\t$#error $@ 5.7.1 $: "550 the gateway says " $1 " and " $2';
  const rules = ["Scheck_eom", "R$*\t$: $&{dmarc} $| $&{spf} $| $&{dmarc_domain}", refusal];
  const gateways = "define(`confSENDER_CHECK_GATEWAYS', `192.0.2.0/28')";
  const features = [gateways, "FEATURE(`dmarc')"];
  await withSite({ features, rules }, async (server) => {
    const says = (name: string) =>
      send(
        server,
        "joe@fail.test",
        `Authentication-Results: ${name}; spf=softfail smtp.mailfrom=x.test; dmarc=fail header.from=a.test\r\n${PLAIN}`,
      );
    // Its name, which the DNS confirms.
    expect((await says("client.far.test")).reply).toBe("550 5.7.1 the gateway says softfail and a.test");
    expect((await says("other.far.test")).reply).toMatch(/^250/);
    // Ours is nobody's but ours.
    expect((await says("mail.example.test")).reply).toMatch(/^250/);
  });
});

test("FEATURE(dmarc): authors who have not sent it, authors who have", async () => {
  const features = [ACCESS, "define(`confAUTH_SERV_ID', `mx.example.test')", "FEATURE(`dmarc')"];
  const access = { "DKIM:bank.test": "REJECT", "DMARC:192.0.2.9": "OK" };
  await withSite({ features, access }, async (server) => {
    // SPF of the author's own domain.
    const good = await send(server, "joe@pass.test", from("Joe <joe@pass.test>"));
    expect(good.results[0]).toContain("dmarc=pass (p=reject) header.from=pass.test");
    expect(good.results[0]).toContain("dkim=none;");
    // SPF alone is not enough: the sender is somebody else.
    const forged = await send(server, "joe@client.far.test", from("joe@pass.test"));
    expect(forged.reply).toBe("550 5.7.26 DMARC: pass.test has not sent this message");
    expect(forged.logged).toContainEqual(
      expect.stringMatching(/^ruleset=check_auth, arg1=fail, arg2=reject, relay=.*, reject=550 5\.7\.26/),
    );
    const aside = await send(server, "joe@pass.test", from("joe@quarantined.test"));
    expect(aside.reply).toMatch(/^250/);
    expect(aside.logged).toContain("quarantine=DMARC");
    expect((await send(server, "joe@x.test", from("joe@pass.test"), "192.0.2.9")).reply).toMatch(/^250/);
    // A good signature of the author.
    const signed = await signedMessage(from("ann@signed.test"), "signed.test", "s1", key.privateKey);
    const verified = await send(server, "bounces@list.test", signed);
    expect(verified.results[0]).toMatch(
      /dkim=pass header\.d=signed\.test header\.s=s1 header\.a=ed25519-sha256 header\.b=\S+;/,
    );
    expect(verified.results[0]).toContain("dmarc=pass (p=reject) header.from=signed.test");
    expect((await send(server, "bounces@list.test", signed.replace("\r\n\r\nhi", "\r\n\r\nha"))).reply).toMatch(
      /^550 5\.7\.26/,
    );
    // One that says two things at once.
    expect((await send(server, "joe@pass.test", `From: a@none.test\r\n${from("joe@pass.test")}`)).reply).toBe(
      "550 5.7.26 DMARC: From does not say whose message this is",
    );
    // A mailer makes a From that is missing out of the sender.
    expect((await send(server, "joe@signed.test", "Subject: hi\r\n\r\nhi\r\n")).reply).toBe(
      "550 5.7.26 DMARC: signed.test has not sent this message",
    );
    expect((await send(server, "joe@none.test", from("<joe@signed.test> <joe@none.test>"))).reply).toBe(
      "550 5.7.26 DMARC: signed.test has not sent this message",
    );
    // No policy, but the site wants a signature.
    expect((await send(server, "joe@bank.test", from("joe@bank.test"))).reply).toBe(
      "550 5.7.20 DKIM: no good signature of bank.test",
    );
    const ofBank = await signedMessage(from("joe@bank.test"), "bank.test", "s1", key.privateKey);
    expect((await send(server, "joe@bank.test", ofBank)).reply).toMatch(/^250/);
    expect(
      server.evidence.map(({ headerFrom, dmarc, disposition }) => `${headerFrom} ${dmarc.result} ${disposition}`),
    ).toEqual([
      "pass.test pass none",
      "pass.test fail reject",
      "quarantined.test fail quarantine",
      "pass.test fail none",
      "signed.test pass none",
      "signed.test fail reject",
      "undefined permerror reject",
      "signed.test fail reject",
      "signed.test fail reject",
      "bank.test none reject",
      "bank.test none none",
    ]);
  });
});

test("FEATURE(dmarc): what has no result for now is let in, or comes again", async () => {
  const access = { "DMARC:undecided.test": "REJECT", "DMARC:192.0.2.9": "OK", "DKIM:guarded.test": "REJECT" };
  const unsure = "451 4.7.26 DMARC: it cannot be found out now whether undecided.test has sent this message";
  const message = from("joe@undecided.test");
  await withSite({ features: ["FEATURE(`dmarc')"] }, async (server) => {
    const { reply, results } = await send(server, "joe@none.test", message);
    expect(reply).toMatch(/^250/);
    expect(results[0]).toContain("dmarc=temperror");
  });
  await withSite({ features: ["FEATURE(`dmarc', `tag', `tag', `tempfail')"] }, async (server) => {
    expect((await send(server, "joe@none.test", message)).reply).toBe(unsure);
    // Nobody is told of what comes again.
    expect(server.evidence).toEqual([]);
  });
  await withSite({ features: [ACCESS, "FEATURE(`dmarc', `reject', `tag', `tempfail')"], access }, async (server) => {
    expect((await send(server, "joe@none.test", message)).reply).toBe(unsure);
    expect((await send(server, "joe@none.test", from("joe@open.test"), "192.0.2.9")).reply).toMatch(/^250/);
    expect((await send(server, "joe@none.test", from("joe@open.test"))).reply).toMatch(/^451 4\.7\.26/);
  });
  await withSite({ features: [ACCESS, "FEATURE(`dmarc')"], access }, async (server) => {
    expect((await send(server, "joe@none.test", message)).reply).toBe(unsure);
    expect((await send(server, "joe@none.test", from("joe@open.test"))).reply).toMatch(/^250/);
    const guarded = await signedMessage(from("joe@guarded.test"), "guarded.test", "s1", key.privateKey);
    expect((await send(server, "joe@none.test", guarded)).reply).toBe(
      "451 4.7.20 DKIM: signatures of guarded.test cannot be checked now",
    );
  });
});

test("a large body goes through the checks in pieces, and comes out as it was", async () => {
  await withSite({ features: ["FEATURE(`dmarc')"] }, async (server) => {
    const body = "a line of this message\r\n".repeat(20_000);
    const signed = await signedMessage(`From: ann@signed.test\r\n\r\n${body}`, "signed.test", "s1", key.privateKey);
    const { results } = await send(server, "ann@list.test", signed);
    expect(results[0]).toContain("dkim=pass");
    expect(server.accepted[0].envelope.bodySize).toBe(body.length);
  });
});

test("rules of a site know the results: check_spf, check_auth, header checks, macros of the transaction", async () => {
  const features = ["FEATURE(`spf', `tag')", "FEATURE(`dmarc', `tag')"];
  const config = ["HX-Ask: $>asked"];
  const rules = [
    "SLocal_check_spf",
    'Rfail $| fail . test	$#error $@ 5.7.1 $: "550 " $&{iprev} " " $&{spf} " " $&{spf_domain} " " $&{spf_helo}',
    "Sasked",
    'R$*	$#error $@ 5.7.1 $: "550 " $&{spf} " " $&{dkim} " " $&{dkim_d} " " $&{dkim_s} " " $&{dmarc} " " $&{dmarc_policy} " " $&{arc}',
    "SLocal_check_auth",
    'Rfail $| quarantine $| $+	$#error $@ 5.7.1 $: "550 no mail of " $1',
  ];
  await withSite({ features, config, rules }, async (server) => {
    expect((await send(server, "joe@fail.test")).reply).toBe("550 5.7.1 <joe@fail.test>... pass fail fail.test pass");
    const signed = await signedMessage(
      "From: a@signed.test\r\nX-Ask: x\r\n\r\nhi\r\n",
      "signed.test",
      "s1",
      key.privateKey,
    );
    expect((await send(server, "joe@soft.test", signed)).reply).toBe(
      "550 5.7.1 softfail pass signed.test s1 pass reject none",
    );
    expect((await send(server, "joe@soft.test", "From: a@quarantined.test\r\n\r\nhi\r\n")).reply).toBe(
      "550 5.7.1 no mail of quarantined.test",
    );
  });
});

test("with FEATURE(delay_checks) a recipient comes before the refusal", async () => {
  await withSite({ features: ["FEATURE(`delay_checks')", "FEATURE(`spf')"] }, async (server) => {
    expect((await send(server, "joe@fail.test")).reply).toMatch(
      /^550 5\.7\.23 <joe@mail\.example\.test>\.\.\. SPF: 192\.0\.2\.7 may not send mail of fail\.test/,
    );
  });
});
