/**
 * Finds the address in a header value and keeps what stands around it: phrase, angle brackets, comments.
 *
 *     "Full, Name" <user@example.org> (comment)   →   `"Full, Name" <` and `> (comment)`
 */

export interface AddressFrame {
  readonly before: string;
  /** What follows the address; undefined when there is no address to replace. */
  readonly after: string | undefined;
}

/**
 * @param value one address with phrase and comments
 * @param mustQuote characters that make an unquoted phrase be quoted
 */
export function crackAddress(value: string, mustQuote: string): AddressFrame {
  void mustQuote;
  const open = value.indexOf("<");
  const close = value.indexOf(">", open);
  if (open !== -1 && close !== -1) return { before: value.slice(0, open + 1), after: value.slice(close) };
  return { before: "", after: value.trim() === "" ? undefined : "" };
}

/** The frame around another address. */
export function frameAddress({ before, after }: AddressFrame, address: string): string {
  return after === undefined ? before : before + address + after;
}
