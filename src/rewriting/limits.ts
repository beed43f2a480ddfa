/** Built-in limits of the ruleset language. */
export const LIMITS = {
  /** How often one rule may fire in a row. */
  rounds: 100,
  /** Calls in one right side: one less than this is taken. */
  callsOfRule: 16,
  /** How deep rulesets may call each other. */
  recursion: 50,
  /** Tokens in a workspace. */
  tokens: 1000,
  /** Calls of rulesets in one rewrite: rules that call each other in loops would go on for years. */
  calls: 100_000,
  /** A look-up counts as so many calls. */
  lookUp: 25,
  /** A call that is too deep counts as so many: each says so in the log. */
  tooDeep: 100,
} as const;
