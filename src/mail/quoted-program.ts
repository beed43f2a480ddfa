/** A program among addresses, as people write it in aliases and are shown it: `"|cat >/dev/null"`. Addresses stay as they are. */
export function quotedProgram(given: string): string {
  return given.startsWith("|") ? `"${given}"` : given;
}
