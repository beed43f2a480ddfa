/** Text of foreign origin inside a report: one line, printable ASCII (or UTF-8 where that is agreed), of sensible length. */

const LONGEST = 512;

/** Control characters become blanks; octets above 126 become "?" unless `utf8` says that they are text. */
export function reportText(text: string, utf8 = false): string {
  // eslint-disable-next-line no-control-regex
  const clean = text.replace(/[\x00-\x1f\x7f]+/g, " ").trim();
  const shown = utf8 ? clean : clean.replace(/[^\x20-\x7e]/g, "?");
  return shown.length > LONGEST ? `${shown.slice(0, LONGEST - 3)}...` : shown;
}
