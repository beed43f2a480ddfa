/**
 * XOAUTH2 (as Google and Microsoft describe it): `user=NAME ^A auth=Bearer TOKEN ^A ^A`. A server that refuses sends a
 * challenge with the reason as JSON, which the client answers with nothing before it gets its 535.
 */
import { whenReady } from "../sys/maybe-promise.ts";
import { type ClientStep, isOf, malformed, type Mechanism, type ServerStep, verdictOn } from "./exchange.ts";

const EMPTY = Buffer.alloc(0);

export const xoauth2: Mechanism = {
  name: "XOAUTH2",
  strength: 15,
  revealsSecret: true,

  client({ user, password }) {
    const initial = Buffer.from(`user=${user}\x01auth=Bearer ${password}\x01\x01`, "utf8");
    return {
      initial,
      isSatisfied: true,
      // Without initial response the first challenge is empty; later ones bring an error, whose answer is empty.
      step: (challenge): ClientStep => ({ kind: "response", octets: challenge.length === 0 ? initial : EMPTY }),
    };
  },

  server(passwords) {
    if (passwords.token === undefined) return undefined;
    const ownerOf = (token: string) => passwords.token?.(token) ?? { kind: "unknown" as const };
    let refused: string | undefined;
    return {
      opening: EMPTY,
      step(response) {
        // The answer to the reason why not.
        if (refused !== undefined) return { kind: "refused", user: refused };
        const fields = new Map(
          response
            .toString("utf8")
            .split("\x01")
            .map((field) => [field.slice(0, field.indexOf("=")), field.slice(field.indexOf("=") + 1)] as const),
        );
        const user = fields.get("user") ?? "";
        const [, bearer] = /^Bearer +(\S+)$/i.exec(fields.get("auth") ?? "") ?? [];
        if (user === "" || bearer === undefined) return malformed("XOAUTH2 wants user= and auth=Bearer");
        return whenReady(ownerOf(bearer), (owner): ServerStep => {
          const step = verdictOn(isOf(user, owner), { user, actAs: user });
          if (step.kind !== "refused") return step;
          refused = user;
          return { kind: "challenge", octets: Buffer.from('{"status":"401","schemes":"bearer"}') };
        });
      },
    };
  },
};
