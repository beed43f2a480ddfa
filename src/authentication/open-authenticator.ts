/** The authenticator that a configuration asks for: option AuthSource, `file:/etc/mail/passwords` and the like. */
import type { Authenticator } from "../auth/authenticator.ts";
import { authSource } from "../config/auth-source.ts";
import type { Config } from "../config/config.ts";
import { dontBlameOf } from "../config/policies.ts";
import { LocalAuthenticator } from "./local-authenticator.ts";
import { PasswordFile } from "./password-file.ts";

/**
 * @param report hears what is wrong with files and sockets
 * @returns undefined when nothing is set: AUTH is not offered
 */
export function openAuthenticator({ options }: Config, report: (text: string) => void): Authenticator | undefined {
  const source = authSource(options.text("AuthSource"));
  if (source === undefined) return undefined;
  const dontBlame = dontBlameOf(options);
  const tell = (text: string): void => report(`AuthSource: ${text}`);
  return new LocalAuthenticator(new PasswordFile(source.path, () => ({ dontBlame, ...whose() }), tell));
}

/** Whose the file has to be, if not root's: who asks now has given up root by then. Root may read anybody's. */
function whose(): { readonly owner?: number } {
  const owner = process.geteuid?.() ?? 0;
  return owner === 0 ? {} : { owner };
}
