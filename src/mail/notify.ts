/** NOTIFY= (RFC 3461 §4.1): when a recipient's sender wants to hear of him. */

const NOTIFY_WORDS = ["NEVER", "SUCCESS", "FAILURE", "DELAY"] as const;
export type Notify = (typeof NOTIFY_WORDS)[number];

export function isNotify(word: string): word is Notify {
  return (NOTIFY_WORDS as readonly string[]).includes(word);
}

/** A list with commas, in any letter case; or the word that does not fit: NEVER stands alone. */
export function readNotify(text: string): readonly Notify[] | { readonly bad: string } {
  const words = text.split(",").map((word) => word.trim());
  const bad = words.find((word) => !isNotify(word.toUpperCase()));
  if (bad !== undefined) return { bad };
  const list = words.map((word) => word.toUpperCase()).filter(isNotify);
  return list.includes("NEVER") && list.length > 1 ? { bad: "NEVER" } : list;
}
