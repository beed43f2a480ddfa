/** Writes the value of a signature field: tags on lines of at most 78 octets, the signature put in last. */

/** Name and value; the value of b= is put in later. */
export type TagText = readonly [name: string, value: string];

const WIDTH = 78;
const FOLD = "\r\n\t";
/** Octets of a line behind the tab, which counts as one. */
const LINE = WIDTH - 1;
/** Octets of a line of b=, "b=" included. */
const SIGNATURE_LINE = 72;

export interface UnsignedField {
  /** With an empty b=: what is signed. */
  readonly bare: string;
  /** @param signature base64 */
  withSignature(signature: string): string;
}

/**
 * @param name of the field, which the first line begins with
 * @param tags in order; `["b", ""]` among them. b= stands on lines of its own, so that folds elsewhere do not depend on it
 */
export function writeTags(name: string, tags: readonly TagText[]): UnsignedField {
  const at = tags.findIndex(([tag]) => tag === "b");
  const before = layOut(tags.slice(0, at), name.length + 2);
  const after = layOut(tags.slice(at + 1), 1);
  const head = ` ${before}${before === "" ? "" : `;${FOLD}`}b=`;
  const tail = after === "" ? "" : `;${FOLD}${after}`;
  return { bare: head + tail, withSignature: (signature) => head + inLines(signature) + tail };
}

/** Tags with "; " or a fold between them. @param column where the first line begins */
function layOut(tags: readonly TagText[], column: number): string {
  let text = "";
  let used = column;
  for (const [name, value] of tags) {
    const tag = `${name}=${value}`;
    const first = text === "";
    // Its semicolon and the blank in front.
    if (!first && used + tag.length + 3 <= WIDTH) {
      text += `; ${tag}`;
      used += tag.length + 2;
    } else {
      const folded = foldColons(tag, first ? WIDTH - used : LINE);
      text += first ? folded : `;${FOLD}${folded}`;
      const fold = folded.lastIndexOf(FOLD);
      used = fold >= 0 ? folded.length - fold - 2 : (first ? used : 1) + folded.length;
    }
  }
  return text;
}

/** A list too long for a line is folded behind its colons. */
function foldColons(tag: string, width: number): string {
  if (tag.length < width) return tag;
  let text = "";
  let used = 0;
  for (const part of tag.split(/(?<=:)/)) {
    if (used > 0 && used + part.length >= width) {
      text += FOLD;
      used = 1;
    }
    text += part;
    used += part.length;
  }
  return text;
}

/** Base64 in lines; the first one stands behind "b=". */
function inLines(base64: string): string {
  const lines: string[] = [];
  for (let at = 0; at < base64.length;) {
    const end = at + SIGNATURE_LINE - (at === 0 ? 2 : 0);
    lines.push(base64.slice(at, end));
    at = end;
  }
  return lines.join(FOLD);
}
