/**
 * What a configuration is asked: everything is derived from the configuration that the genuine library made (its own names,
 * classes, mailers and rulesets), so that both programs get the same questions.
 */
export type Kind =
  | "compile"
  | "start"
  | "route"
  | "header"
  | "check"
  | "choice"
  | "class"
  | "macro"
  | "option"
  | "mailer"
  | "line"
  | "trace";

export interface Question {
  readonly kind: Kind;
  /** Lines to be typed; the answer is what all of them print. */
  readonly typed: readonly string[];
}

/** What a .cf says about the site. */
export interface SiteFacts {
  readonly own: readonly string[];
  readonly mailers: readonly string[];
  readonly rulesets: ReadonlySet<string>;
  readonly classes: readonly string[];
  readonly words: readonly string[];
}

const unique = <T>(list: readonly T[]): T[] => [...new Set(list)];

export function readFacts(cf: string): SiteFacts {
  const classLines = [...cf.matchAll(/^C(\{\w+\}|\S)[ \t]*(.*)$/gm)].map(([, name, words]) => ({
    name: name,
    words: words.split(/\s+/).filter((word) => /^[\w.-]+$/.test(word)),
  }));
  const macros = new Map([...cf.matchAll(/^D(\{\w+\}|\S)(.*)$/gm)].map(([, name, text]) => [name, text.trim()]));
  const hosts = ["j", "m", "M", "S", "R", "H", "B", "U", "L", "A", "C", "{ConfPrefix}"]
    .map((name) => macros.get(name) ?? "")
    .flatMap((text) => text.split(/[:\s]+/))
    .filter((text) => /^[\w-]+\.[\w.-]+$/.test(text));
  const named = classLines.flatMap(({ words }) => words).filter((word) => /^[\w-]+\.[\w.-]*\w$/.test(word));
  return {
    own: unique([...hosts, ...named]).slice(0, 10),
    mailers: unique([...cf.matchAll(/^M([^,\s]+)/gm)].map(([, name]) => name)),
    rulesets: new Set([...cf.matchAll(/^S([^\s=]+)/gm)].map(([, name]) => name)),
    classes: unique([...cf.matchAll(/^[CF](\{\w+\}|[^\s{])/gm)].map(([, name]) => name)),
    words: unique(classLines.flatMap(({ words }) => words)).slice(0, 30),
  };
}

/** Shapes of addresses, separated by two blanks or line ends; FIRST and SECOND stand for names of the site. */
const SHAPES = `joe  root  postmaster  abuse  nobody  joe+detail  first.last  news  mailer-daemon
joe@mail.example.test  joe@mail  joe@example.test  joe@localhost  joe@[127.0.0.1]  joe@[127.0.0.2]
joe@[192.0.2.1]  joe@[IPv6:2001:db8::1]  joe@remote.test  joe@sub.remote.test  JOE@Remote.TEST.
joe@first.example.test  joe@virt.test  sales@virt.test  none@virt.test  plus+a@virt.test  joe@cat.test  joe@local.test
joe@err.test  joe@old.test  joe@x.uucp  joe@x.bitnet  joe@x.csnet  joe@x.decnet  joe@x.fax  joe@x.local
joe@x.redirect  joe@old.test.REDIRECT  abc!joe  abc!def!joe  abc!joe@FIRST  abc!joe@remote.test  node::joe  a.b!joe
remote.test!joe  FIRST!joe  joe%remote.test  joe%remote.test@FIRST  joe%a%b@SECOND  joe%remote.test@mail.example.test
@a.test,@b.test:joe@c.test  @mail.example.test:joe@remote.test  @FIRST:joe@remote.test  <joe@remote.test>
"joe doe"@remote.test  "joe"  "joe@remote.test"  "joe@remote.test"@mail.example.test  Joe Doe <joe@remote.test>
joe@remote.test (Joe)  list: joe@a.test, ann@b.test;  <>  @  joe@  @host  joe@.remote.test  joe@remote..test
joe@@remote.test  joe@a@b  /tmp/file  |/bin/cat  :include:/tmp/l  \\joe  joe@host  joe.doe@host.sub  joe@relay.fax
joe@5551212.fax  joe@mail.example.test.remote.test`;

/** Senders and recipients as headers and envelopes have them. */
const HEADER_SHAPES = `joe  root  joe@mail.example.test  joe@remote.test  joe@localhost  <>  joe+detail  ann@mail.example.test
abc!joe  abc!def!joe  joe@host  joe%remote.test@mail.example.test  @a.test:joe@b.test  list:;  joe@x.uucp  node::joe
"joe doe"@mail.example.test  @mail.example.test`;

const ownNames = ({ own }: SiteFacts): readonly string[] => (own.length > 0 ? own : ["mail.example.test"]);

function fill(shapes: string, facts: SiteFacts): string[] {
  const [first, second = first] = ownNames(facts);
  return shapes.split(/ {2}|\n/).map((shape) => shape.replace("FIRST", first).replace("SECOND", second));
}

/** Addresses of many shapes around the names of the site. */
function addresses(facts: SiteFacts): string[] {
  const hosts = facts.words.filter((word) => /^[\w-]+$/.test(word)).slice(0, 6);
  return unique([
    "",
    ...fill(SHAPES, facts),
    ...ownNames(facts).flatMap((host) => [`joe@${host}`, `nobody+x@sub.${host}`]),
    ...hosts.flatMap((word) => [word, `joe@${word}`]),
  ]);
}

function headerAddresses(facts: SiteFacts): string[] {
  const own = ownNames(facts).slice(0, 3);
  return unique([...fill(HEADER_SHAPES, facts), ...own.flatMap((host) => [`joe@${host}`, `joe@sub.${host}`])]);
}

interface Client {
  readonly name: string;
  readonly address: string;
  readonly macros: Readonly<Record<string, string>>;
}

function clients(facts: SiteFacts): Client[] {
  const own = facts.own[0] ?? "example.test";
  return [
    { name: "host.remote.test", address: "192.0.2.9", macros: { client_resolve: "OK" } },
    { name: "localhost", address: "127.0.0.1", macros: { client_resolve: "OK" } },
    { name: `pc.${own}`, address: "10.1.2.3", macros: { client_resolve: "OK" } },
    { name: "[192.0.2.77]", address: "192.0.2.77", macros: { client_resolve: "FAIL" } },
    { name: "forged.example.test", address: "192.0.2.78", macros: { client_resolve: "FORGED" } },
    {
      name: "roam.remote.test",
      address: "198.51.100.4",
      macros: { client_resolve: "OK", auth_type: "PLAIN", auth_authen: "joe", auth_ssf: "0" },
    },
    {
      name: "tls.remote.test",
      address: "198.51.100.5",
      macros: {
        client_resolve: "OK",
        verify: "OK",
        cert_issuer: "/CN=ca",
        cert_subject: "/CN=tls",
        cipher_bits: "256",
      },
    },
    { name: "spam.test", address: "203.0.113.66", macros: { client_resolve: "OK" } },
  ];
}

const clientMacros = [
  "client_resolve",
  "auth_type",
  "auth_authen",
  "auth_ssf",
  "verify",
  "cert_issuer",
  "cert_subject",
  "cipher_bits",
];

function become({ name, address, macros }: Client): string[] {
  return [
    `.D{client_name}${name}`,
    `.D{client_addr}${address}`,
    `.D{client_ptr}${macros.client_resolve === "OK" ? name : ""}`,
    `.D{client_flag}${address.startsWith("127.") ? "L" : ""}`,
    `.Ds${name}`,
    ...clientMacros.map((macro) => `.D{${macro}}${macros[macro] ?? ""}`),
  ];
}

function checks(facts: SiteFacts): Question[] {
  const own = facts.own[0] ?? "example.test";
  const senders = [
    "<joe@remote.test>",
    "<>",
    "joe",
    `<joe@${own}>`,
    "<joe@nowhere.invalid>",
    "<spammer@spam.test>",
    "<joe@[192.0.2.1]>",
    "<joe@mail.example.test>",
    "<a!b>",
  ];
  const recipients = [
    "<joe@remote.test>",
    "<joe>",
    `<joe@${own}>`,
    `<joe@sub.${own}>`,
    "<joe@mail.example.test>",
    "<joe@localhost>",
    `<joe%remote.test@${own}>`,
    "<abc!joe>",
    `<@${own}:joe@remote.test>`,
    "<joe@virt.test>",
    "<blocked@mail.example.test>",
    "<joe@[127.0.0.1]>",
    '<"joe@remote.test"@mail.example.test>',
    "<postmaster>",
  ];
  const all: Question[] = [];
  const check = (...typed: string[]): void => void all.push({ kind: "check", typed });
  for (const client of clients(facts)) {
    const [first, ...rest] = become(client);
    check(first, ...rest, `Translate,check_relay ${client.name} $| ${client.address}`);
    for (const sender of senders) check(`.Df${sender}`, `check_mail ${sender}`);
    check(
      ".Dfjoe@remote.test",
      ".D{mail_host}remote.test.",
      ".D{mail_addr}joe@remote.test",
      ".D{mail_mailer}esmtp",
      "check_rcpt <joe>",
    );
    for (const recipient of recipients) check(`check_rcpt ${recipient}`);
    check(`Translate,check_compat joe@remote.test $| joe@${own}`);
    check("check_data 2");
    for (const name of ["check_vrfy", "check_expn"]) check(`${name} joe`);
    check(`check_etrn ${own}`);
    check(`Translate,check_eoh 12 $| 900`);
  }
  return all;
}

function choices(facts: SiteFacts): Question[] {
  const all: Question[] = [];
  const choose = (...typed: string[]): void => void all.push({ kind: "choice", typed });
  for (const client of clients(facts)) {
    choose(...become(client), `Translate,greet_pause ${client.name} $| ${client.address}`);
    choose(`srv_features ${client.name}`);
    choose(`Translate,tls_client OK $| MAIL`);
    choose(`Translate,tls_client NO $| STARTTLS`);
    choose(`try_tls ${client.name}`);
    choose(`.D{server_name}${client.name}`, `.D{server_addr}${client.address}`, "tls_server OK");
    choose("tls_server SOFTWARE");
    choose(`tls_rcpt joe@${client.name}`);
    choose("trust_auth joe");
    choose(`Translate,authinfo ${client.name} $| ${client.address}`);
    choose(`clt_features ${client.name}`);
  }
  for (const address of ["joe@remote.test", "joe@spam.test", "joe"]) choose(`queuegroup ${address}`);
  return all;
}

/** Rulesets that a site or the manual names, asked with plain addresses. */
function ownRulesets(facts: SiteFacts): Question[] {
  return [...facts.rulesets]
    .filter((name) => name.startsWith("Local_"))
    .flatMap((name) =>
      ["joe@remote.test", "joe", "<joe@mail.example.test>", "host.remote.test $| 192.0.2.9"].map((text): Question => ({
        kind: "check",
        typed: [`Translate,${name} ${text}`],
      })),
    );
}

const HEADER_MODES = ["HS", "HR", "ES", "ER"];

/** All questions that are asked in test mode. */
export function questions(facts: SiteFacts): Question[] {
  const all: Question[] = [];
  for (const address of addresses(facts)) all.push({ kind: "route", typed: [`/parse ${address}`] });
  for (const mode of HEADER_MODES) {
    all.push({ kind: "header", typed: [`/tryflags ${mode}`] });
    for (const mailer of facts.mailers.slice(0, 12)) {
      for (const address of headerAddresses(facts)) all.push({ kind: "header", typed: [`/try ${mailer} ${address}`] });
    }
  }
  all.push(...checks(facts), ...choices(facts), ...ownRulesets(facts));
  all.push({ kind: "mailer", typed: ["=M"] });
  for (const name of facts.classes) {
    all.push({ kind: "class", typed: [`$=${name}`] });
  }
  for (const name of ["j", "m", "k", "n", "M", "S", "R", "H", "B", "U", "L", "E", "{ConfPrefix}"]) {
    all.push({ kind: "macro", typed: [`$${name}`] });
  }
  return all;
}
