/** An authenticator that speaks the mechanisms itself and asks somebody about passwords: the file, saslauthd. */
import type { Authenticator, ConnectionFacts, LoginExchange } from "../auth/authenticator.ts";
import type { Passwords, ServerExchange } from "../auth/exchange.ts";
import { mechanismNamed, MECHANISMS } from "../auth/mechanisms.ts";

export class LocalAuthenticator implements Authenticator {
  readonly #passwords: Passwords & { has?(user: string): boolean };

  /** @param passwords those that know whether a user is still there say so with `has` */
  constructor(passwords: Passwords & { has?(user: string): boolean }) {
    this.#passwords = passwords;
  }

  mechanisms(_connection: ConnectionFacts): readonly string[] {
    return MECHANISMS.filter((each) => each.server(this.#passwords) !== undefined).map(({ name }) => name);
  }

  start(mechanism: string, _connection: ConnectionFacts): LoginExchange | undefined {
    const exchange = mechanismNamed(mechanism)?.server(this.#passwords);
    return exchange && spoken(exchange);
  }

  isStillGood(user: string): boolean {
    return this.#passwords.has?.(user) ?? true;
  }

  close(): void {
    // Files are opened when they are read.
  }
}

/** The server's side of a mechanism, with its opening for clients that brought no initial response. */
function spoken(exchange: ServerExchange): LoginExchange {
  return {
    begin: (initial) =>
      initial === undefined ? { kind: "challenge", octets: exchange.opening } : exchange.step(initial),
    step: (response) => exchange.step(response),
    cancel: () => undefined,
  };
}
