/**
 * EXTERNAL (RFC 4422 appendix A): the client has shown a certificate in the handshake, and asks to be who that names; or, with a
 * name of its own, to act as somebody else.
 */
import { type ClientStep, malformed, type Mechanism } from "./exchange.ts";

export const external: Mechanism = {
  name: "EXTERNAL",
  strength: 50,
  revealsSecret: false,

  client({ actAs = "" }) {
    const initial = Buffer.from(actAs, "utf8");
    return { initial, isSatisfied: true, step: (): ClientStep => ({ kind: "response", octets: initial }) };
  },

  server(_passwords, connection) {
    const certified = connection?.certified;
    if (certified === undefined) return undefined;
    const { subject: user, commonName } = certified;
    return {
      opening: Buffer.alloc(0),
      step(response) {
        const name = response.toString("utf8");
        if (name.includes("\0")) return malformed("NUL in a name");
        const isOwn = name === "" || name === commonName;
        return { kind: "accepted", identity: { user, actAs: isOwn ? user : name } };
      },
    };
  },
};
