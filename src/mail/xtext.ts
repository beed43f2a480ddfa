/** xtext (RFC 3461 §4): how ORCPT=, ENVID= and AUTH= write octets that have a meaning in SMTP commands. */

const PLAIN = /^[!-*,-<>-~]*$/;
const XTEXT = /^(?:[!-*,-<>-~]|\+[0-9A-F]{2})*$/;

/** Octets (one code unit each) to xtext. */
export function encodeXtext(text: string): string {
  if (PLAIN.test(text)) return text;
  return text.replace(
    /[^!-*,-<>-~]/g,
    (char) => `+${(char.charCodeAt(0) & 0xff).toString(16).toUpperCase().padStart(2, "0")}`,
  );
}

export function isXtext(text: string): boolean {
  return XTEXT.test(text);
}

/** xtext to octets; undefined when it is none. */
export function decodeXtext(text: string): string | undefined {
  if (!text.includes("+")) return PLAIN.test(text) ? text : undefined;
  if (!XTEXT.test(text)) return undefined;
  return text.replace(/\+([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
