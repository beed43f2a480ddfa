/** What the server's sides of XOAUTH2 and OAUTHBEARER share: a token, whose owner is asked for, and a reason before the no. */
import { whenReady } from "../sys/maybe-promise.ts";
import { type Identity, malformed, type Passwords, type ServerExchange, type ServerStep } from "./exchange.ts";

/** What the client's message says; the name may be "". */
export interface BearerMessage {
  readonly name: string;
  readonly token: string;
}

export interface BearerForm {
  /** Undefined for what is no message of the mechanism. */
  readonly read: (text: string) => BearerMessage | undefined;
  /** What such a message lacks, for the log. */
  readonly wants: string;
  /** As whom the owner of the token may act who gave this name; undefined: not as that one. */
  readonly identity: (name: string, owner: string) => Identity | undefined;
  /** JSON that goes before the refusal; the client answers it, and then hears no. */
  readonly refusal: string;
}

/** @returns undefined where nobody knows tokens */
export function bearerServer(passwords: Passwords, form: BearerForm): ServerExchange | undefined {
  if (passwords.token === undefined) return undefined;
  const ownerOf = (token: string) => passwords.token?.(token) ?? { kind: "unknown" as const };
  let refused: string | undefined;
  return {
    opening: Buffer.alloc(0),
    step(response) {
      // The answer to the reason why not.
      if (refused !== undefined) return { kind: "refused", user: refused };
      const message = form.read(response.toString("utf8"));
      if (message === undefined) return malformed(form.wants);
      const { name, token } = message;
      return whenReady(ownerOf(token), (owner): ServerStep => {
        if (owner.kind === "unavailable") return owner;
        const identity = owner.kind === "known" ? form.identity(name, owner.value) : undefined;
        if (identity !== undefined) return { kind: "accepted", identity };
        refused = name;
        return { kind: "challenge", octets: Buffer.from(form.refusal), refused: { user: name } };
      });
    },
  };
}
