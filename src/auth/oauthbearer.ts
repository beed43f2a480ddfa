/**
 * OAUTHBEARER (RFC 7628): `n,a=NAME, ^A host=... ^A port=... ^A auth=Bearer TOKEN ^A ^A`; the name may be left out, because the
 * token says whose it is. A server that refuses sends a challenge with the reason as JSON, which the client answers with ^A.
 */
import { bearerServer } from "./bearer-server.ts";
import type { ClientStep, Mechanism } from "./exchange.ts";

const SEPARATOR = "\x01";

export const oauthBearer: Mechanism = {
  name: "OAUTHBEARER",
  strength: 16,
  revealsSecret: true,

  client({ user, password }) {
    const name = user.replaceAll("=", "=3D").replaceAll(",", "=2C");
    const initial = Buffer.from(`n,a=${name},\x01auth=Bearer ${password}\x01\x01`, "utf8");
    return {
      initial,
      isSatisfied: true,
      step: (challenge): ClientStep => ({
        kind: "response",
        octets: challenge.length === 0 ? initial : Buffer.from(SEPARATOR),
      }),
    };
  },

  server: (passwords) =>
    bearerServer(passwords, {
      read(text) {
        const [header, ...fields] = text.split(SEPARATOR);
        const [, name = ""] = /^[ny],(?:a=([^,]+))?,$/.exec(header) ?? [];
        const [, token] =
          fields.map((field) => /^auth=Bearer +(\S+)$/i.exec(field) ?? []).find(([whole]) => whole) ?? [];
        if (!/^[ny],/.test(header) || token === undefined) return undefined;
        return { name: name.replaceAll("=2C", ",").replaceAll("=3D", "="), token };
      },
      wants: "OAUTHBEARER wants a header and auth=Bearer",
      identity: (name, owner) => ({ user: owner, actAs: name === "" ? owner : name }),
      refusal: '{"status":"invalid_token"}',
    }),
};
