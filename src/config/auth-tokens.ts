/** Which access tokens are believed: the option AuthTokens, equates with commas between them. */

export interface AuthTokens {
  /** JSON Web Key Set (RFC 7517): a file, or a URL of https (http on this machine). */
  readonly keys: string;
  /** `iss` that a token must have. */
  readonly issuer: string;
  /** One of `aud`. */
  readonly audience: string;
  /** The claim that names the user. */
  readonly user: string;
}

const KEYS = /^(?:\/.+|https:\/\/.+|http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]+)?\/.*)$/;

/** `Keys=/etc/mail/jwks.json, Issuer=https://id.example.test, Audience=mail, User=email`; what is wrong as text. */
export function authTokens(text: string): AuthTokens | string {
  const equates = new Map<string, string>();
  for (const part of text.split(",")) {
    const [, key, value] = /^\s*(\w+)\s*=\s*(.*\S)\s*$/s.exec(part) ?? [];
    if (key === undefined) return `"${part.trim()}" is no equate`;
    const name = key.toLowerCase();
    if (!["keys", "issuer", "audience", "user"].includes(name)) return `there is no equate ${key}`;
    equates.set(name, value);
  }
  const [keys = "", issuer = "", audience = ""] = ["keys", "issuer", "audience"].map((name) => equates.get(name));
  if (!KEYS.test(keys)) return "Keys= is a file or a URL of https";
  if (issuer === "" || audience === "")
    return "Issuer= and Audience= are needed: without them any token of the issuer is one for mail";
  return { keys, issuer, audience, user: equates.get("user") ?? "email" };
}
