/** What attackers do: each kind as what its connections say, and how many there are. */

export interface Attack {
  /** Connections at a time. */
  readonly connections: number;
  /** Said once, each line when the one before it was answered. */
  readonly opening: readonly string[];
  /** Said again and again, without waiting for answers. */
  readonly again: string;
  /** An octet of it at a time, after so many ms each. */
  readonly drip?: number;
  /** Goes away after the opening and comes again. */
  readonly comesAgain?: true;
}

const HELLO = "EHLO attacker.test";
const MAIL = "MAIL FROM:<load@sender.test>";
const RCPT = "RCPT TO:<alice@mail.example.test>";

/** Said without end, by one connection and by two hundred. */
const FLOODS: Readonly<Record<string, Pick<Attack, "opening" | "again">>> = {
  mail: { opening: [HELLO], again: lines(MAIL, "RSET") },
  rcpt: { opening: [HELLO, MAIL], again: lines(RCPT) },
  "bad-rcpt": { opening: [HELLO, MAIL], again: lines("RCPT TO:<nobody@mail.example.test>") },
  data: { opening: [HELLO], again: lines(MAIL, RCPT, "DATA", "Subject: bare\n", ".") },
  bdat: { opening: [HELLO], again: lines("BDAT 0") },
  helo: { opening: [], again: lines(HELLO) },
  noop: { opening: [HELLO], again: lines("NOOP") },
  rset: { opening: [HELLO], again: lines("RSET") },
  help: { opening: [HELLO], again: lines("HELP") },
  vrfy: { opening: [HELLO], again: lines("VRFY alice") },
  expn: { opening: [HELLO], again: lines("EXPN postmaster") },
  etrn: { opening: [HELLO], again: lines("ETRN sink.test") },
  auth: { opening: [HELLO], again: lines("AUTH PLAIN") },
  none: { opening: [HELLO], again: lines("NONE") },
};

const MANY = 200;

export const ATTACKS: Readonly<Record<string, Attack>> = {
  slow: { connections: 1000, opening: [], again: lines(`${MAIL} SIZE=1`), drip: 100 },
  ...Object.fromEntries(
    Object.entries(FLOODS).flatMap(([name, flood]) => [
      [`${name}-1`, { ...flood, connections: 1 }],
      [`${name}-${MANY}`, { ...flood, connections: MANY }],
    ]),
  ),
  headers: { connections: 50, opening: [HELLO, MAIL, RCPT, "DATA"], again: lines(`X-Line: ${"x".repeat(60)}`) },
  parentheses: {
    connections: 20,
    opening: [HELLO],
    again: lines(`MAIL FROM:<${"(".repeat(1000)}${")".repeat(1000)}a@b>`),
  },
  tls: { connections: MANY, opening: [HELLO, "STARTTLS"], again: "", comesAgain: true },
  connections: { connections: MANY, opening: [HELLO], again: "", comesAgain: true },
};

function lines(...each: readonly string[]): string {
  return each.map((line) => `${line}\r\n`).join("");
}
