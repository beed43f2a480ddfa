/**
 * OAUTHBEARER (RFC 7628): `n,a=NAME, ^A host=... ^A port=... ^A auth=Bearer TOKEN ^A ^A`; the name may be left out, because the
 * token says whose it is. A server that refuses sends a challenge with the reason as JSON, which the client answers with ^A.
 */
import { whenReady } from "../sys/maybe-promise.ts";
import { type ClientStep, malformed, type Mechanism, type ServerStep } from "./exchange.ts";

const EMPTY = Buffer.alloc(0);
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

  server(passwords) {
    if (passwords.token === undefined) return undefined;
    const ownerOf = (token: string) => passwords.token?.(token) ?? { kind: "unknown" as const };
    let refused: string | undefined;
    return {
      opening: EMPTY,
      step(response) {
        // The answer to the reason why not.
        if (refused !== undefined) return { kind: "refused", user: refused };
        const [header, ...fields] = response.toString("utf8").split(SEPARATOR);
        const [, name = ""] = /^[ny],(?:a=([^,]+))?,$/.exec(header) ?? [];
        const [, token] =
          fields.map((field) => /^auth=Bearer +(\S+)$/i.exec(field) ?? []).find(([whole]) => whole) ?? [];
        if (!/^[ny],/.test(header) || token === undefined)
          return malformed("OAUTHBEARER wants a header and auth=Bearer");
        const wanted = name.replaceAll("=2C", ",").replaceAll("=3D", "=");
        return whenReady(ownerOf(token), (owner): ServerStep => {
          if (owner.kind === "unavailable") return owner;
          if (owner.kind === "known") {
            const actAs = wanted === "" ? owner.value : wanted;
            return { kind: "accepted", identity: { user: owner.value, actAs } };
          }
          refused = wanted;
          return { kind: "challenge", octets: Buffer.from('{"status":"invalid_token"}') };
        });
      },
    };
  },
};
