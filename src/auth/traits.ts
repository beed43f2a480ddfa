/**
 * What is known of mechanisms by their names, whoever serves them: the properties that the option AuthOptions asks for
 * (letters a c d f m p y).
 */

interface Traits {
  /** Whoever listens learns the secret (a: not p). */
  readonly reveals?: true;
  /** Whoever listens can try a dictionary later. */
  readonly guessable?: true;
  /** Whoever stands between both can act as the client. */
  readonly openToActive?: true;
  /** The server proves that it knows the secret, too. */
  readonly mutual?: true;
  /** Nobody in particular is let in. */
  readonly anonymous?: true;
  /** The server gets the password. */
  readonly passesCredentials?: true;
}

const PASSWORD = { reveals: true, guessable: true, openToActive: true, passesCredentials: true } as const;
const SCRAM = { guessable: true, mutual: true } as const;

const TRAITS: ReadonlyMap<string, Traits> = new Map<string, Traits>([
  ["PLAIN", PASSWORD],
  ["LOGIN", PASSWORD],
  ["XOAUTH2", { ...PASSWORD, guessable: undefined }],
  ["OAUTHBEARER", { ...PASSWORD, guessable: undefined }],
  ["ANONYMOUS", { anonymous: true, openToActive: true }],
  ["CRAM-MD5", { guessable: true, openToActive: true }],
  ["DIGEST-MD5", { guessable: true, mutual: true }],
  ["EXTERNAL", {}],
  ["GSSAPI", { mutual: true }],
] as readonly (readonly [string, Traits])[]);

function traitsOf(name: string): Traits {
  return TRAITS.get(name) ?? (name.startsWith("SCRAM-") ? SCRAM : PASSWORD);
}

/** Who listens on the way learns the secret: not without TLS. */
export function revealsSecret(name: string): boolean {
  return traitsOf(name).reveals === true;
}

const NEEDS: Readonly<Record<string, (traits: Traits, isSecure: boolean) => boolean>> = {
  a: ({ openToActive }) => openToActive === undefined,
  c: ({ passesCredentials }) => passesCredentials === true,
  d: ({ guessable }) => guessable === undefined,
  // Nothing that is here makes keys of its own.
  f: () => false,
  m: ({ mutual }) => mutual === true,
  p: ({ reveals }, isSecure) => isSecure || reveals === undefined,
  y: ({ anonymous }) => anonymous === undefined,
};

/**
 * Whether a mechanism has the properties that AuthOptions asks for.
 * @param letters others than a c d f m p y ask for nothing
 */
export function satisfies(name: string, letters: string, isSecure: boolean): boolean {
  return Array.from(letters).every((letter) => NEEDS[letter]?.(traitsOf(name), isSecure) ?? true);
}
