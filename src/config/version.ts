/** The language level of configuration files, and the version that configurations see as `$v`. */

/** V lines up to this level are understood. */
export const LANGUAGE_LEVEL = 10;
/** The version of sendmail whose language this is: `$v`, and what messages about a too new or old file say. */
export const LANGUAGE_VERSION = "8.17.1.9";
