/**
 * AUTH as a client (RFC 4954): mechanisms one after the other, the strongest first, until the server knows us. A server
 * that refuses one is asked with the next; what comes of mail for one that refused all is not decided here.
 */
import { fromLine, initialArgument, toLine } from "../../auth/base64-line.ts";
import type { ClientCredentials, ClientExchange, Mechanism } from "../../auth/exchange.ts";
import type { SmtpClient } from "./client.ts";
import type { ClientFailure } from "./failure.ts";
import { isClosing, replyKind } from "./reply-reader.ts";

export type Authenticated =
  | { readonly kind: "yes"; readonly mechanism: string }
  /** Each of them was refused (5xx); the last reply. */
  | { readonly kind: "refused"; readonly mechanism: string; readonly reply: string }
  /** The server has no time for it (4xx), or proved not to be the right one. */
  | { readonly kind: "later"; readonly mechanism: string; readonly reason: string; readonly reply?: string }
  | { readonly kind: "lost"; readonly failure: ClientFailure };

/** Challenges of one exchange; every mechanism needs fewer. */
const MOST_CHALLENGES = 10;
/** RFC 4954 §4: longer commands are sent without the initial response. */
const LONGEST_COMMAND = 510;

/** @param mechanisms at least one */
export async function authenticate(
  client: SmtpClient,
  mechanisms: readonly Mechanism[],
  credentials: ClientCredentials,
): Promise<Authenticated> {
  let refused: Authenticated | undefined;
  for (const mechanism of mechanisms) {
    const result = await tryMechanism(client, mechanism.name, mechanism.client(credentials));
    if (result.kind !== "refused") return result;
    refused = result;
  }
  return refused ?? { kind: "later", mechanism: "", reason: "no mechanism" };
}

async function tryMechanism(client: SmtpClient, mechanism: string, exchange: ClientExchange): Promise<Authenticated> {
  const say = (line: string) => client.ask(line, "AUTH", client.timeouts.auth);
  const command = `AUTH ${mechanism}${initialArgument(exchange.initial)}`;
  let reply = await say(command.length > LONGEST_COMMAND ? `AUTH ${mechanism}` : command);
  for (let challenges = 0; reply?.startsWith("334") === true; challenges++) {
    const octets = fromLine(reply.slice(4));
    const step =
      octets === undefined || challenges >= MOST_CHALLENGES
        ? { kind: "failed" as const, reason: "a challenge that is none" }
        : exchange.step(octets);
    if (step.kind === "failed") {
      await say("*");
      return { kind: "later", mechanism, reason: step.reason };
    }
    reply = await say(toLine(step.octets));
  }
  if (reply === undefined) return lost(client);
  return verdictOn(client, mechanism, exchange, reply);
}

function verdictOn(client: SmtpClient, mechanism: string, exchange: ClientExchange, reply: string): Authenticated {
  const kind = replyKind(reply);
  if (isClosing(reply)) return { kind: "lost", failure: refusal(reply) };
  if (kind === "never") return { kind: "refused", mechanism, reply };
  if (kind === "later") return { kind: "later", mechanism, reason: "temporary failure", reply };
  if (kind !== "yes") {
    client.failProtocol(reply, "AUTH");
    return lost(client);
  }
  // A yes before the server's own proof (RFC 4954 §4 wants that in a challenge) is that of somebody else.
  if (!exchange.isSatisfied) return { kind: "later", mechanism, reason: "the server has not proved that it knows us" };
  return { kind: "yes", mechanism };
}

function refusal(reply: string): ClientFailure {
  return { kind: "refused", message: "AUTH refused", during: "AUTH", reply };
}

function lost(client: SmtpClient): Authenticated {
  return { kind: "lost", failure: client.failure ?? { kind: "lost", message: "connection closed", during: "AUTH" } };
}
