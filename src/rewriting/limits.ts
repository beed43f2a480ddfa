/** Built-in limits of the ruleset language. */
export const LIMITS = {
  /** How often one rule may fire in a row. */
  rounds: 100,
  /** How deep rulesets may call each other. */
  recursion: 50,
  /** Tokens in a workspace. */
  tokens: 1000,
} as const;
