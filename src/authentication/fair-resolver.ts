/**
 * Questions to the DNS about senders, shared out among clients. A message names hosts that its sender chooses, up to sixty of
 * them, and their name servers may never answer: a client that sends many such messages waits for itself. However many
 * clients do, a part of what the resolver can ask at once is left to the rest of the server.
 */
import type { DnsAnswer, RecordType, Resolver } from "../dns/resolver.ts";
import type { Clock } from "../sys/clock.ts";
import { isPromise, type MaybePromise } from "../sys/maybe-promise.ts";
import { spelledOut } from "../sys/ip-address.ts";

/** Questions that are open at once: of one client, and of all (the resolver asks 256). */
const MOST_OF_CLIENT = 16;
const MOST = 128;
/** With those of clients that have no other: a hundred who keep it full keep nobody out. */
const MOST_WITH_FIRST = 192;
/** Questions of a client that wait; those beyond are not asked. */
const LONGEST_LINE = 256;

export interface Share extends Resolver {
  /** A question had to wait for others, or was not asked at all: what was not found out may be the client's own doing. */
  readonly hasWaited: boolean;
}

interface Client {
  readonly name: string;
  readonly waiting: Waiting[];
  open: number;
}

interface Waiting {
  readonly ask: () => MaybePromise<DnsAnswer>;
  readonly answer: (answer: MaybePromise<DnsAnswer>) => void;
  /** ms since the epoch; then nobody waits for it any more. */
  readonly until: number;
}

const CROWDED: DnsAnswer = { kind: "tempfail", reason: "too many questions about mail of this client" };

export class FairQuestions {
  readonly #clock: Clock;
  readonly #clients = new Map<string, Client>();
  #open = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The resolver as it may be used for one message of a client. @param timeLimit ms that an answer is waited for at most */
  share(resolver: Resolver, address: string, timeLimit: number): Share {
    const name = networkOf(address);
    const share = {
      hasWaited: false,
      query: (asked: string, type: RecordType): MaybePromise<DnsAnswer> => {
        const client = this.#clients.get(name) ?? { name, waiting: [], open: 0 };
        const ask = (): MaybePromise<DnsAnswer> => resolver.query(asked, type);
        if (this.#hasRoom(client)) return this.#count(client, ask());
        share.hasWaited = true;
        if (client.waiting.length >= LONGEST_LINE) return CROWDED;
        this.#clients.set(name, client);
        const until = this.#clock.now() + timeLimit;
        return new Promise((answer) => client.waiting.push({ ask, answer, until }));
      },
    };
    return share;
  }

  /** Clients about whose mail something is asked now. */
  get clients(): number {
    return this.#clients.size;
  }

  #hasRoom({ open }: Client): boolean {
    return open < MOST_OF_CLIENT && this.#open < (open === 0 ? MOST_WITH_FIRST : MOST);
  }

  /** What the cache knows takes no room. */
  #count(client: Client, answer: MaybePromise<DnsAnswer>): MaybePromise<DnsAnswer> {
    if (!isPromise(answer)) return answer;
    this.#clients.set(client.name, client);
    client.open++;
    this.#open++;
    return answer.finally(() => {
      client.open--;
      this.#open--;
      this.#next();
    });
  }

  /** Each client that waits gets a turn: whoever was served goes behind the others, and is looked at again. */
  #next(): void {
    for (const client of this.#clients.values()) {
      if (client.waiting.length > 0 && this.#hasRoom(client)) {
        this.#clients.delete(client.name);
        this.#clients.set(client.name, client);
        this.#serve(client);
      } else if (client.waiting.length === 0 && client.open === 0) this.#clients.delete(client.name);
    }
  }

  /** Those that came too late are told; one that is still wanted is asked. */
  #serve(client: Client): void {
    const now = this.#clock.now();
    const wanted = client.waiting.findIndex(({ until }) => until > now);
    const late = client.waiting.splice(0, wanted < 0 ? client.waiting.length : wanted);
    for (const { answer } of late) answer(CROWDED);
    const next = client.waiting.shift();
    if (next !== undefined) next.answer(this.#count(client, next.ask()));
  }
}

/** Whoever has an address of IPv6 has all of its network. */
function networkOf(address: string): string {
  return address.includes(":") ? spelledOut(address).split(":").slice(0, 4).join(":") : address;
}
