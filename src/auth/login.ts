/** LOGIN: the server asks for name and password, one after the other (draft-murchison-sasl-login; obsolete, and everywhere). */
import { whenReady } from "../sys/maybe-promise.ts";
import { type ClientStep, malformed, type Mechanism, verdictOn } from "./exchange.ts";

const ASK_USER = Buffer.from("Username:");
const ASK_PASSWORD = Buffer.from("Password:");

export const login: Mechanism = {
  name: "LOGIN",
  strength: 5,
  revealsSecret: true,

  client({ user, password }) {
    // What servers write into their questions differs: the order is what counts.
    const answers = [user, password].map((each) => Buffer.from(each, "utf8"));
    return {
      initial: undefined,
      get isSatisfied() {
        return answers.length === 0;
      },
      step(): ClientStep {
        const octets = answers.shift();
        return octets === undefined ? { kind: "failed", reason: "a third question" } : { kind: "response", octets };
      },
    };
  },

  server({ check }) {
    if (check === undefined) return undefined;
    let user: string | undefined;
    return {
      opening: ASK_USER,
      step(response) {
        const text = response.toString("utf8");
        if (text === "" || text.includes("\0")) return malformed("empty, or with NUL");
        if (user === undefined) {
          user = text;
          return { kind: "challenge", octets: ASK_PASSWORD };
        }
        const identity = { user, actAs: user };
        return whenReady(check(user, text), (checked) => verdictOn(checked, identity));
      },
    };
  },
};
