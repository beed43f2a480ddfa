/** The local part of an address as it is written, and what it means (RFC 5321 §4.1.2: Dot-string and Quoted-string). */

const DOT_STRING = /^[\w!#$%&'*+/=?^`{|}~\x80-\xff-]+(?:\.[\w!#$%&'*+/=?^`{|}~\x80-\xff-]+)*$/;

/** `"joe smith"` → `joe smith`; what has no quotes stays. */
export function localPartValue(text: string): string {
  if (!text.includes('"') && !text.includes("\\")) return text;
  return text.replace(/"|\\(.?)/gs, (_, escaped: string | undefined) => escaped ?? "");
}

/** `joe smith` → `"joe smith"`; what needs no quotes gets none. */
export function localPartText(value: string): string {
  return DOT_STRING.test(value) ? value : `"${value.replace(/["\\]/g, "\\$&")}"`;
}
