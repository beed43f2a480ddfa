/** PLAIN (RFC 4616): `[act as] NUL user NUL password`, UTF-8, in one message. */
import { whenReady } from "../sys/maybe-promise.ts";
import { type ClientStep, malformed, type Mechanism, verdictOn } from "./exchange.ts";
import { saslPrep } from "./saslprep.ts";

const EMPTY = Buffer.alloc(0);

export const plain: Mechanism = {
  name: "PLAIN",
  strength: 10,
  revealsSecret: true,

  client({ user, actAs = "", password }) {
    const initial = Buffer.from(`${actAs === user ? "" : actAs}\0${user}\0${password}`, "utf8");
    return {
      initial,
      isSatisfied: true,
      // A server that did not take the initial response asks with an empty challenge.
      step: (): ClientStep => ({ kind: "response", octets: initial }),
    };
  },

  server({ check }) {
    if (check === undefined) return undefined;
    return {
      opening: EMPTY,
      step(response) {
        const parts = response.toString("utf8").split("\0");
        if (parts.length !== 3 || parts[1] === "" || parts[2] === "") return malformed("PLAIN wants three parts");
        const user = saslPrep(parts[1]);
        const password = saslPrep(parts[2]);
        if (user === undefined || password === undefined) return malformed("forbidden characters");
        const identity = { user, actAs: parts[0] === "" ? user : parts[0] };
        return whenReady(check(user, password), (checked) => verdictOn(checked, identity));
      },
    };
  },
};
