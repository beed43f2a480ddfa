/**
 * The workspace of the ruleset engine: a list of tokens.
 *
 * A token is a latin1 string (one code unit per octet): an atom, one operator character, or a quoted string with its
 * quotes. The metasymbols that can stand in a workspace ($# $@ $: $| ...) are single code units from 0x80 to 0x9f,
 * a range that addresses may not contain, so no token from outside can look like one.
 */
export type Tokens = readonly string[];

/** `$#`, `$@` and `$:` of a triple, as they stand in a workspace. */
export const CANON_MAILER = "\x96";
export const CANON_HOST = "\x97";
export const CANON_USER = "\x98";
/** `$|`, the separator of two arguments of check rulesets. */
export const ARGUMENT_SEPARATOR = "\x99";
