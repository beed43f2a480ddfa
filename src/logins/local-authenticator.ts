/** An authenticator that speaks the mechanisms itself and asks others about passwords and tokens. */
import type { Authenticator, LoginExchange } from "../auth/authenticator.ts";
import type { ConnectionFacts, Passwords, ServerExchange, ServerStep } from "../auth/exchange.ts";
import { external } from "../auth/external.ts";
import { mechanismNamed, MECHANISMS } from "../auth/mechanisms.ts";
import { oauthBearer } from "../auth/oauthbearer.ts";
import { xoauth2 } from "../auth/xoauth2.ts";
import { clientKey } from "../sys/client-key.ts";
import { type MaybePromise, whenReady } from "../sys/maybe-promise.ts";

/**
 * What a file of passwords says of a user: one whom it does not know may still come by a token or a certificate; who was
 * disabled in it may not, however he shows who he is.
 */
export type Standing = "good" | "disabled" | "unknown";

/** Passwords that may know whether a user is still there. */
type Source = Passwords & { standing?(user: string): Standing };

/** Those that ask for no password. */
const WITHOUT_PASSWORD: ReadonlySet<string> = new Set([external.name, oauthBearer.name, xoauth2.name]);

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
    const passwords = this.#passwords(connection);
    return MECHANISMS.filter((each) => each.server(passwords, connection) !== undefined).map(({ name }) => name);
  }

  start(mechanism: string, connection: ConnectionFacts): LoginExchange | undefined {
    const exchange = mechanismNamed(mechanism)?.server(this.#passwords(connection), connection);
    return exchange && spoken(exchange, (user) => this.isStillGood(user, mechanism));
  }

  isStillGood(user: string, mechanism: string): boolean {
    const standing = this.#source?.standing?.(user) ?? "good";
    return standing === "good" || (standing === "unknown" && WITHOUT_PASSWORD.has(mechanism));
  }

  close(): void {
    // Files are opened when they are read.
  }

  /** What can be asked at this moment. */
  #passwords({ clientAddress }: ConnectionFacts): Passwords {
    const source = this.#source;
    const client = clientKey(clientAddress);
    return {
      check: source?.check && ((user, password) => source.check?.(user, password, client) ?? { kind: "unknown" }),
      scram: source?.scram && ((user, digest) => source.scram?.(user, digest) ?? { kind: "unknown" }),
      plain: source?.plain,
      token: this.#token,
    };
  }
}

/** The server's side of a mechanism, with its opening for clients that brought no initial response. */
function spoken(exchange: ServerExchange, mayCome: (user: string) => boolean): LoginExchange {
  const step = (response: Buffer): MaybePromise<ServerStep> =>
    whenReady(exchange.step(response), (next) =>
      next.kind !== "accepted" || mayCome(next.identity.user) ? next : { kind: "refused", user: next.identity.user },
    );
  return {
    begin: (initial) => (initial === undefined ? { kind: "challenge", octets: exchange.opening } : step(initial)),
    step,
    cancel: () => undefined,
  };
}
