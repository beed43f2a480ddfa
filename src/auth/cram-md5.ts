/** CRAM-MD5 (RFC 2195): `user`, a blank, and the HMAC-MD5 of the server's challenge with the password as key. */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { hostname } from "node:os";
import { whenReady } from "../sys/maybe-promise.ts";
import {
  type ClientStep,
  malformed,
  type Mechanism,
  type Passwords,
  type ServerExchange,
  type ServerStep,
} from "./exchange.ts";

export const cramMd5: Mechanism = {
  name: "CRAM-MD5",
  strength: 20,
  revealsSecret: false,

  client({ user, password }) {
    let answered = false;
    return {
      initial: undefined,
      get isSatisfied() {
        return answered;
      },
      step(challenge): ClientStep {
        if (answered) return { kind: "failed", reason: "a second challenge" };
        if (challenge.length === 0) return { kind: "failed", reason: "an empty challenge" };
        answered = true;
        return { kind: "response", octets: Buffer.from(`${user} ${digestOf(password, challenge)}`, "utf8") };
      },
    };
  },

  server: (passwords) => cramServer(passwords, freshChallenge()),
};

/** `<random.time@host>`: never the same twice. */
function freshChallenge(): Buffer {
  return Buffer.from(`<${randomBytes(12).toString("hex")}.${Date.now()}@${hostname()}>`);
}

/** The server's side for a given challenge. */
export function cramServer(passwords: Passwords, challenge: Buffer): ServerExchange | undefined {
  if (passwords.plain === undefined) return undefined;
  const passwordOf = (user: string) => passwords.plain?.(user) ?? { kind: "unknown" as const };
  return {
    opening: challenge,
    step(response) {
      const text = response.toString("utf8");
      const blank = text.lastIndexOf(" ");
      if (blank <= 0 || !/^[0-9a-f]{32}$/i.test(text.slice(blank + 1))) return malformed("no digest");
      const user = text.slice(0, blank);
      const given = Buffer.from(text.slice(blank + 1).toLowerCase());
      return whenReady(passwordOf(user), (known): ServerStep => {
        if (known.kind === "unavailable") return known;
        const wanted = Buffer.from(digestOf(known.kind === "known" ? known.value : "", challenge));
        const right = timingSafeEqual(given, wanted) && known.kind === "known";
        return right ? { kind: "accepted", identity: { user, actAs: user } } : { kind: "refused", user };
      });
    },
  };
}

function digestOf(password: string, challenge: Buffer): string {
  return createHmac("md5", Buffer.from(password, "utf8")).update(challenge).digest("hex");
}
