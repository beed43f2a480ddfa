/** Lists of addresses and networks: "127.0.0.1, 192.0.2.0/24 2001:db8::/32". */
import { BlockList, isIP } from "node:net";

export interface Networks {
  has(address: string): boolean;
  /** Words that are neither an address nor a network, and where they stand. */
  readonly bad: readonly { readonly word: string; readonly offset: number }[];
}

/** Reads a list; commas and blanks separate. */
export function readNetworks(text: string): Networks {
  const list = new BlockList();
  const bad: { word: string; offset: number }[] = [];
  for (const { 0: word, index: offset } of text.matchAll(/[^\s,]+/g)) {
    if (!add(list, word)) bad.push({ word, offset });
  }
  return { bad, has: (address) => check(list, address) };
}

function add(list: BlockList, word: string): boolean {
  const [address, length, ...more] = word.replace(/^IPv6:/i, "").split("/");
  const version = isIP(address);
  if (version === 0 || more.length > 0) return false;
  const family = version === 6 ? "ipv6" : "ipv4";
  if (length === undefined) {
    list.addAddress(address, family);
    return true;
  }
  const most = version === 6 ? 128 : 32;
  if (!/^[0-9]{1,3}$/.test(length) || Number(length) > most) return false;
  list.addSubnet(address, Number(length), family);
  return true;
}

function check(list: BlockList, given: string): boolean {
  const address = given.replace(/^::ffff:(?=[0-9.]+$)/i, "");
  const version = isIP(address);
  return version !== 0 && list.check(address, version === 6 ? "ipv6" : "ipv4");
}
