/**
 * The author of a message as a list that sends it on in its own name: receivers who hold DMARC against the author's domain find the
 * list's domain, and answers still reach the author.
 *
 *     From: Joe Smith <joe@a.test>      →      From: "Joe Smith via tea" <tea@list.test>
 *                                              Reply-To: Joe Smith <joe@a.test>       (unless there is one)
 *                                              X-Original-From: Joe Smith <joe@a.test>
 */
import { addressSpans, bareMailbox } from "./address-list.ts";
import { type HeaderField, isField, unfold } from "./header.ts";
import { localPartText, localPartValue } from "./local-part.ts";

const ORIGINAL = "X-Original-From";

/** @param list address of the list */
export function fromList(fields: readonly HeaderField[], list: string): readonly HeaderField[] {
  const from = fields.find((field) => isField(field, "From"));
  if (from === undefined) return fields;
  const hasReplyTo = fields.some((field) => isField(field, "Reply-To"));
  const changed: HeaderField[] = [
    { ...from, value: ` ${nameViaList(unfold(from.value), list)} <${list}>` },
    ...(hasReplyTo ? [] : [{ name: "Reply-To", value: from.value }]),
    { name: ORIGINAL, value: from.value },
  ];
  // A second one would say something else about the author; that of a list on the way is not that of ours.
  const others = fields.filter((field) => field === from || !(isField(field, "From") || isField(field, ORIGINAL)));
  return others.flatMap((field) => (field === from ? changed : [field]));
}

/** A phrase: the first author's name, or the local part of his address, and the list's. */
function nameViaList(from: string, list: string): string {
  const via = `via ${localPartValue(list.slice(0, list.lastIndexOf("@")))}`;
  const span = addressSpans(from)[0];
  const author = span === undefined ? "" : from.slice(span.start, span.end).trim();
  const bracket = author.lastIndexOf("<");
  const phrase = bracket > 0 ? author.slice(0, bracket).trim() : "";
  // Encoded words may not stand in quotes (RFC 2047 §5).
  if (phrase.includes("=?") && !phrase.startsWith('"'))
    return `${phrase} ${/^[\w .-]+$/.test(via) ? via.replaceAll(".", " ") : quoted(via)}`;
  const name = localPartValue(phrase).trim();
  const address = bareMailbox(author).replace(/^<|>$/g, "");
  return quoted(`${name === "" ? localPartValue(address.replace(/@[^@]*$/, "")) : name} ${via}`);
}

function quoted(text: string): string {
  const phrase = localPartText(text.replace(/[\r\n\t]+/g, " "));
  return phrase.startsWith('"') ? phrase : `"${phrase}"`;
}
