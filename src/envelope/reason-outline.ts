/**
 * What a reason says beyond the case at hand: servers write addresses, counters, times and tickets into their replies, and
 * two replies that differ in nothing else say the same.
 *
 *     Deferred: 451 4.7.1 <bob@far.test>: Greylisted by mx2.far.test for 287 seconds (tag 6f3a9c)
 *     Deferred: 451 4.7.1 <*>: Greylisted by mx2.far.test for # seconds (tag *)
 *
 * Codes, names and addresses of hosts stay: they are what the reason is about.
 */
import { isIP } from "node:net";

/** An outline tells by then what the text is about; what a server writes has no end. */
const LONGEST = 300;
const ADDRESS = /<[^<>\s]*@[^<>\s]*>|[^\s<>()[\]",;:@]+@[^\s<>()[\]",;:@]*[^\s<>()[\]",;:@.]/g;
const WITH_DIGITS = /[\w.:-]*\d[\w.:-]*/g;
const REPLY_CODE = /^[245][0-5]\d$/;
const ENHANCED_CODE = /^[245]\.\d{1,3}\.\d{1,3}$/;
const HOST = /^(?=.*[a-z])[a-z0-9-]+(?:\.[a-z0-9-]+)+\.?$/i;

/** @param text of a RecipientStatus, or what an administrator gave as a reason */
export function reasonOutline(text: string): string {
  return text
    .slice(0, LONGEST)
    .replaceAll(ADDRESS, "<*>")
    .replaceAll(WITH_DIGITS, (word, at: number, all: string) => {
      const bare = word.replace(/[.:]+$/, "");
      const end = word.slice(bare.length);
      // A reply code begins a reply; elsewhere it is a number like any other.
      if (REPLY_CODE.test(bare) && (at === 0 || /[:(] ?$/.test(all.slice(0, at)))) return word;
      if (ENHANCED_CODE.test(bare) || HOST.test(bare) || isIP(bare) !== 0) return word;
      return `${/^\d+$/.test(bare) ? "#" : "*"}${end}`;
    });
}
