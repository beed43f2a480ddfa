/**
 * The authenticator that a configuration asks for: options AuthSource (`file:/etc/mail/passwords` and the like) and AuthTokens.
 * Client certificates (EXTERNAL) count where one of them is set.
 */
import type { Authenticator } from "../auth/authenticator.ts";
import type { Passwords } from "../auth/exchange.ts";
import { type AuthSource, authSource } from "../config/auth-source.ts";
import { type AuthTokens, authTokens } from "../config/auth-tokens.ts";
import type { Config } from "../config/config.ts";
import { dontBlameOf } from "../config/policies.ts";
import type { Clock } from "../sys/clock.ts";
import { DovecotAuthenticator } from "./dovecot.ts";
import { LocalAuthenticator } from "./local-authenticator.ts";
import { PasswordFile } from "./password-file.ts";
import { Saslauthd } from "./saslauthd.ts";
import { Tokens } from "./tokens.ts";

/**
 * @param report hears what is wrong with files and sockets
 * @returns undefined when nothing is set: AUTH is not offered
 */
export function openAuthenticator(
  config: Config,
  clock: Clock,
  report: (text: string) => void,
): Authenticator | undefined {
  const { options } = config;
  const source = authSource(options.text("AuthSource"));
  const tell = (text: string): void => report(`AuthSource: ${text}`);
  // Dovecot has tokens of its own.
  if (source?.kind === "dovecot") return new DovecotAuthenticator({ socket: source.path, report: tell });
  const tokens = authTokens(options.text("AuthTokens"));
  const passwords = source === undefined ? undefined : passwordsOf(source, config, tell);
  if (passwords === undefined && typeof tokens === "string") return undefined;
  return new LocalAuthenticator({ passwords, ...(typeof tokens === "object" && { token: tokensOf(tokens, clock) }) });
}

function passwordsOf({ kind, path }: AuthSource, { options }: Config, report: (text: string) => void): Passwords {
  if (kind === "saslauthd") return new Saslauthd({ socket: path, realm: options.text("AuthRealm") });
  const dontBlame = dontBlameOf(options);
  return new PasswordFile(path, () => ({ dontBlame, ...whose() }), report);
}

function tokensOf(tokens: AuthTokens, clock: Clock): Passwords["token"] {
  const known = new Tokens(tokens, clock);
  return (token) => known.ownerOf(token);
}

/** Whose the file has to be, if not root's: who asks now has given up root by then. Root may read anybody's. */
function whose(): { readonly owner?: number } {
  const owner = process.geteuid?.() ?? 0;
  return owner === 0 ? {} : { owner };
}
