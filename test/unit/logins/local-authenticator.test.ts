/** Who may come, and stay, by a password and by other means, as the file of passwords says. */
import { expect, test } from "@jest/globals";
import { LocalAuthenticator, type Standing } from "../../../src/logins/local-authenticator.ts";

const CONNECTION = {
  secure: true,
  clientAddress: "192.0.2.1",
  serverAddress: "192.0.2.2",
  certified: { subject: "/CN=joe", commonName: "joe" },
};

/** Everybody knows the password and has a token; `standing` is what the file says of all of them. */
function authenticator(standing: Standing | undefined): LocalAuthenticator {
  return new LocalAuthenticator({
    passwords: {
      check: () => ({ kind: "known", value: true }),
      ...(standing !== undefined && { standing: () => standing }),
    },
    token: () => ({ kind: "known", value: "joe" }),
  });
}

const MESSAGES = {
  PLAIN: "\0joe\0secret",
  EXTERNAL: "",
  OAUTHBEARER: "n,,\x01auth=Bearer t\x01\x01",
  XOAUTH2: "user=joe\x01auth=Bearer t\x01\x01",
} as const;

test.each<[standing: Standing | undefined, ...who: (keyof typeof MESSAGES)[]]>([
  ["good", "PLAIN", "EXTERNAL", "OAUTHBEARER", "XOAUTH2"],
  ["unknown", "EXTERNAL", "OAUTHBEARER", "XOAUTH2"],
  ["disabled"],
  [undefined, "PLAIN", "EXTERNAL", "OAUTHBEARER", "XOAUTH2"],
])("who is %s in the file may come by %s %s %s %s", async (standing, ...who) => {
  const asked = authenticator(standing);
  const come: string[] = [];
  for (const [mechanism, message] of Object.entries(MESSAGES)) {
    const step = await asked.start(mechanism, CONNECTION)?.begin(Buffer.from(message));
    const user = mechanism === "EXTERNAL" ? "/CN=joe" : "joe";
    expect(step?.kind === "accepted").toBe(asked.isStillGood(user, mechanism));
    if (step?.kind === "accepted") come.push(mechanism);
    else expect(step).toEqual({ kind: "refused", user });
  }
  expect(come).toEqual(who);
});
