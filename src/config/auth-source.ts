/** Where passwords are kept: the option AuthSource. */

export interface AuthSource {
  readonly kind: (typeof AUTH_SOURCES)[number];
  /** A file, or a unix socket. */
  readonly path: string;
}

export const AUTH_SOURCES = ["file", "saslauthd", "dovecot"] as const;

/** `file:/etc/mail/passwords`; undefined when it is empty or none. */
export function authSource(text: string): AuthSource | undefined {
  const [, word, path] = /^\s*([a-z]+):(\/.*\S)\s*$/s.exec(text) ?? [];
  const kind = AUTH_SOURCES.find((each) => each === word);
  return kind === undefined ? undefined : { kind, path };
}
