/** Aliases and tables, with what may stand in them as comments. */
import { type Wishes, hasMailboxes, receives } from "./wishes.ts";

export interface TextFile {
  /** Below the folder of settings. */
  readonly name: string;
  readonly text: string;
  /** A table: the class that makemap builds it with. */
  readonly table?: "hash";
}

export function tableTexts(wishes: Wishes): readonly TextFile[] {
  const { shape } = wishes;
  if (shape.kind === "nullclient") return [];
  const files: TextFile[] = [aliases(wishes), localHostNames(wishes)];
  if (receives(wishes)) files.push(access(wishes), relayDomains(wishes), mailertable(wishes));
  if (shape.kind === "standalone" || shape.kind === "mailhub") files.push(virtusertable(wishes));
  if (shape.kind === "mailhub") files.push(genericstable(wishes), virtualDomains());
  return files;
}

function lines(...texts: readonly string[]): string {
  return texts.map((each) => `${each}\n`).join("");
}

function aliases({ domain, reader, shape, users }: Wishes): TextFile {
  const who = users.kind === "file" && hasMailboxes({ shape }) ? users.first : reader;
  // A gateway has no users: mail for its postmaster goes to the server behind it.
  const root = shape.kind === "gateway" ? `postmaster@${domain}` : who;
  return {
    name: "aliases",
    text: lines(
      '# Aliases: a name, and who gets its mail: users, addresses, lists (a, b), programs ("|/path"), files.',
      "# A running server sees a change by itself; newaliases says what is wrong with it.",
      "postmaster: root",
      "MAILER-DAEMON: postmaster",
      "abuse: postmaster",
      "hostmaster: postmaster",
      "webmaster: postmaster",
      "www-data: root",
      root === undefined ? "# Who reads root's mail:\n#root: you" : `root: ${root}`,
    ),
  };
}

function localHostNames({ domain, shape }: Wishes): TextFile {
  const what =
    "# Domains whose addresses are users (and aliases) of this host, one on each line. After a change: kill -HUP the server.";
  // A gateway's domain is in relay-domains; a client's mail for the domain goes to its server.
  const own = shape.kind === "standalone" || shape.kind === "mailhub" ? [domain] : [];
  return { name: "local-host-names", text: lines(what, ...own) };
}

function access({ shape }: Wishes): TextFile {
  const inner =
    shape.kind === "gateway"
      ? ["# The server behind this one may send to everywhere, and need not wait:", ...innerLines(shape.server)]
      : [];
  return {
    name: "access",
    table: "hash",
    text: lines(
      "# Who may do what. Build it after each change:  makemap hash access < access",
      "#Connect:192.0.2            RELAY      a network of ours may send to everywhere",
      "#Connect:198.51.100         REJECT     mail from there is refused",
      "#From:spam.example          REJECT",
      "#To:old@example.com         ERROR:5.1.6:550 Now under new@example.com",
      "#TLS_Srv:partner.example    ENCR:112   mail to this host only inside TLS",
      ...inner,
    ),
  };
}

function innerLines(server: string): string[] {
  const address = server.replace(/^\[|\]$/g, "");
  return [`Connect:${address}\tRELAY`, `GreetPause:${address}\t0`];
}

function relayDomains({ domain, shape }: Wishes): TextFile {
  const own = shape.kind === "gateway" ? [domain] : [];
  return {
    name: "relay-domains",
    text: lines(
      "# Domains whose mail is taken and passed on (mailertable says where). After a change: kill -HUP the server.",
      ...own,
    ),
  };
}

function mailertable({ domain, shape }: Wishes): TextFile {
  const own = shape.kind === "gateway" ? [`${domain}\tesmtp:${shape.server}`, `.${domain}\tesmtp:${shape.server}`] : [];
  return {
    name: "mailertable",
    table: "hash",
    text: lines(
      "# Where mail of other domains goes. Build it:  makemap hash mailertable < mailertable",
      "#partner.example     esmtp:[10.0.0.7]",
      ...own,
    ),
  };
}

function virtusertable({ shape }: Wishes): TextFile {
  const where = shape.kind === "mailhub" ? "virtual-domains" : "local-host-names";
  return {
    name: "virtusertable",
    table: "hash",
    text: lines(
      `# Addresses of domains in ${where}, one by one. Build it:  makemap hash virtusertable < virtusertable`,
      "#info@example.org    joe",
      "#sales@example.org   sales@partner.example",
      "#@example.org        error:5.1.1:550 Nobody of that name here",
    ),
  };
}

function genericstable({ domain }: Wishes): TextFile {
  return {
    name: "genericstable",
    table: "hash",
    text: lines(
      "# Names that others see as senders. Build it:  makemap hash genericstable < genericstable",
      `#joe    Joe.User@${domain}`,
    ),
  };
}

function virtualDomains(): TextFile {
  return {
    name: "virtual-domains",
    text: lines(
      "# Domains whose addresses are looked up in virtusertable, and are nobody else's. After a change: kill -HUP the server.",
    ),
  };
}
