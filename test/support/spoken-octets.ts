/** A session of the server without a socket: octets of a client in, octets of replies out. */
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import type { Answer } from "../../src/smtpd/answer.ts";
import { onlyVisit } from "../../src/smtpd/clients.ts";
import { greet } from "../../src/smtpd/connect.ts";
import { readFeatures } from "../../src/smtpd/features.ts";
import { RuleServer } from "../../src/smtpd/server.ts";
import type { SmtpServices } from "../../src/smtpd/services.ts";
import { SmtpSession } from "../../src/smtpd/session.ts";
import { Share, Turns, type TurnTime } from "../../src/smtpd/turns.ts";
import { fakePort } from "./fake-smtp-services.ts";

/** What the client sends is there at once, and read as the session wants it. */
class SpokenSocket extends Duplex {
  said = "";
  readonly #pieces: Buffer[];

  constructor(pieces: readonly Buffer[]) {
    super({ allowHalfOpen: true });
    this.#pieces = [...pieces];
  }

  override _read(): void {
    this.push(this.#pieces.shift() ?? null);
  }

  override _write(octets: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.said += octets.toString("latin1");
    done();
  }

  setTimeout(): this {
    return this;
  }
}

const soon = (action: () => void): void => void setImmediate(action);

/** Time that passes by being asked for: sessions make their breaks, and stand in line, at the same places each time. */
function countedTime(): TurnTime {
  let asked = 0;
  return { now: () => ++asked / 10, next: soon, later: soon };
}

/** No judge is asked about the client, and a client that does not wait for the answer to EHLO (srv_features F) is served. */
class SpokenSession extends SmtpSession {
  override welcome(): Answer | undefined {
    this.whole.client.relay = "client.test [192.0.2.1]";
    this.scope.set("_", this.relay);
    this.offer(readFeatures(this, "F"));
    return greet(this);
  }
}

let server: RuleServer | undefined;

/** Resolves with the replies when the session is over. */
export async function speak(services: SmtpServices, pieces: readonly Buffer[]): Promise<string> {
  const port = fakePort();
  // Made once: each prepares TLS anew.
  server ??= new RuleServer(services, port, {});
  const socket = new SpokenSocket(pieces);
  const visit = { ...onlyVisit(), share: new Share(new Turns(countedTime())) };
  const session = new SpokenSession(server, socket as unknown as Socket, null, services, port, undefined, visit);
  server.connections.add(session);
  const over = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  session.init();
  await over;
  return socket.said;
}
