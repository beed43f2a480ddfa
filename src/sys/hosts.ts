/** Lines of a hosts file (hosts(5)): an address, then the names it has. Reads text; files are read elsewhere. */
import { isIP } from "node:net";

export interface HostsLine {
  /** Without zone id (`fe80::1%eth0` is left out: it means nothing to mail). */
  readonly address: string;
  readonly family: 4 | 6;
  /** As written, at least one; the first is the official name. */
  readonly names: readonly string[];
}

/**
 * Reads the lines that make sense; the others are skipped, as the system's own resolver does.
 * @param about only lines with one of these words: Node takes milliseconds to learn what an address of IPv6 is
 */
export function parseHosts(text: string, about?: readonly string[]): HostsLine[] {
  const lines: HostsLine[] = [];
  const wanted = about?.map((word) => word.toLowerCase());
  for (const line of text.split("\n")) {
    const [address, ...names] = line.replace(/#.*/s, "").trim().split(/\s+/);
    if (names.length === 0 || address.includes("%")) continue;
    if (wanted !== undefined && ![address, ...names].some((word) => wanted.includes(word.toLowerCase()))) continue;
    const family = isIP(address);
    if (family === 4 || family === 6) {
      lines.push({ address: address.toLowerCase(), family, names });
    }
  }
  return lines;
}

/**
 * The fully qualified name of a host: the first name with a dot on the first line that mentions it, or undefined.
 * `127.0.1.1 mail.example.org mail` makes `mail.example.org` of `mail`.
 */
export function qualifiedName(lines: readonly HostsLine[], name: string): string | undefined {
  const wanted = name.toLowerCase();
  for (const { names } of lines) {
    if (!names.some((each) => each.toLowerCase() === wanted)) continue;
    const qualified = names.find((each) => each.includes("."));
    if (qualified !== undefined) return qualified;
  }
  return undefined;
}
