/**
 * Passwords that saslauthd checks (PAM, LDAP, shadow, ...): a connection to its unix socket for each question.
 *
 *     question   user, password, service, realm: each as its length (two octets, big-endian) and its octets
 *     answer     the same form: "OK", perhaps with words behind, or "NO ..."
 *
 * "joe@example.test" is asked for as user "joe" of the realm "example.test".
 */
import { connect } from "node:net";
import type { Known, Passwords } from "../auth/exchange.ts";
import { TooManyError, Turnstile } from "./turnstile.ts";

/** PAM may wait some seconds after a wrong password; this is longer, ms. */
const PATIENCE = 30_000;
/** Connections at a time; saslauthd has five processes, which may each wait some seconds after a wrong password. */
const AT_ONCE = 20;
const SERVICE = "smtp";
/** Two octets of length. */
const LONGEST = 0xffff;

export interface SaslauthdOptions {
  readonly socket: string;
  /** Realm of names without one (option AuthRealm). */
  readonly realm: string;
  readonly patience?: number;
}

export class Saslauthd implements Passwords {
  readonly #options: SaslauthdOptions;
  readonly #turnstile = new Turnstile(AT_ONCE);

  constructor(options: SaslauthdOptions) {
    this.#options = options;
  }

  async check(user: string, password: string, client = ""): Promise<Known<boolean>> {
    try {
      return await this.#turnstile.pass(client, () => this.#ask(user, password));
    } catch (error) {
      if (error instanceof TooManyError) return { kind: "unavailable", reason: error.message };
      throw error;
    }
  }

  #ask(user: string, password: string): Promise<Known<boolean>> {
    const { socket: path, realm, patience = PATIENCE } = this.#options;
    const at = user.lastIndexOf("@");
    const [name, domain] = at < 0 ? [user, realm] : [user.slice(0, at), user.slice(at + 1)];
    const fields = [name, password, SERVICE, domain].map((text) => Buffer.from(text, "utf8"));
    if (fields.some(({ length }) => length > LONGEST)) return Promise.resolve({ kind: "known", value: false });
    return new Promise((resolve) => {
      const socket = connect(path);
      let answer = Buffer.alloc(0);
      const end = (outcome: Known<boolean>): void => {
        socket.destroy();
        resolve(outcome);
      };
      const away = (reason: string): void => end({ kind: "unavailable", reason: `saslauthd ${path}: ${reason}` });
      socket.setTimeout(patience, () => away("no answer in time"));
      socket.on("error", (error) => away(error.message));
      socket.on("close", () => away("it closed without an answer"));
      socket.on("data", (octets: Buffer) => {
        answer = Buffer.concat([answer, octets]);
        if (answer.length < 2 || answer.length < 2 + answer.readUInt16BE(0)) return;
        const text = answer.toString("latin1", 2, 2 + answer.readUInt16BE(0));
        if (text.startsWith("OK")) end({ kind: "known", value: true });
        else if (text.startsWith("NO")) end({ kind: "known", value: false });
        else away("an answer that is neither OK nor NO");
      });
      socket.write(Buffer.concat(fields.flatMap((field) => [lengthOf(field), field])));
    });
  }
}

function lengthOf({ length }: Buffer): Buffer {
  const octets = Buffer.alloc(2);
  octets.writeUInt16BE(length);
  return octets;
}
