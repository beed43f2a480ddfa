/**
 * XOAUTH2 (as Google and Microsoft describe it): `user=NAME ^A auth=Bearer TOKEN ^A ^A`. A server that refuses sends a
 * challenge with the reason as JSON, which the client answers with nothing before it gets its 535.
 */
import { bearerServer } from "./bearer-server.ts";
import type { ClientStep, Mechanism } from "./exchange.ts";

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

  server: (passwords) =>
    bearerServer(passwords, {
      read(text) {
        const fields = new Map(
          text
            .split("\x01")
            .map((field) => [field.slice(0, field.indexOf("=")), field.slice(field.indexOf("=") + 1)] as const),
        );
        const name = fields.get("user") ?? "";
        const [, token] = /^Bearer +(\S+)$/i.exec(fields.get("auth") ?? "") ?? [];
        return name === "" || token === undefined ? undefined : { name, token };
      },
      wants: "XOAUTH2 wants user= and auth=Bearer",
      identity: (name, owner) => (name === owner ? { user: name, actAs: name } : undefined),
      refusal: '{"status":"401","schemes":"bearer"}',
    }),
};
