/** An authenticator that speaks the mechanisms itself and asks others about passwords and tokens. */
import type { Authenticator, LoginExchange } from "../auth/authenticator.ts";
import type { ConnectionFacts, Passwords, ServerExchange } from "../auth/exchange.ts";
import { mechanismNamed, MECHANISMS } from "../auth/mechanisms.ts";

/** Passwords that may know whether a user is still there. */
type Source = Passwords & { has?(user: string): boolean };

export interface Sources {
  readonly passwords?: Source | undefined;
  readonly token?: Passwords["token"];
}

export class LocalAuthenticator implements Authenticator {
  readonly #source: Source | undefined;
  readonly #token: Passwords["token"];

  constructor({ passwords, token }: Sources) {
    this.#source = passwords;
    this.#token = token;
  }

  mechanisms(connection: ConnectionFacts): readonly string[] {
    const passwords = this.#passwords();
    return MECHANISMS.filter((each) => each.server(passwords, connection) !== undefined).map(({ name }) => name);
  }

  start(mechanism: string, connection: ConnectionFacts): LoginExchange | undefined {
    const exchange = mechanismNamed(mechanism)?.server(this.#passwords(), connection);
    return exchange && spoken(exchange);
  }

  isStillGood(user: string): boolean {
    return this.#source?.has?.(user) ?? true;
  }

  close(): void {
    // Files are opened when they are read.
  }

  /** What can be asked at this moment. */
  #passwords(): Passwords {
    const source = this.#source;
    return {
      check: source?.check && ((user, password) => source.check?.(user, password) ?? { kind: "unknown" }),
      scram: source?.scram && ((user, digest) => source.scram?.(user, digest) ?? { kind: "unknown" }),
      plain: source?.plain,
      token: this.#token,
    };
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
