/** Text in packets: octets up to a NUL. */

/** With its end. A NUL inside would end it early: it is left out. */
export function terminated(text: string): string {
  return `${text.replaceAll("\0", "")}\0`;
}

/** The strings of a packet, one behind the other; the last one may lack its NUL. */
export function stringsIn(data: Buffer, from = 0): string[] {
  const text = data.toString("latin1", from);
  if (text === "") return [];
  return (text.endsWith("\0") ? text.slice(0, -1) : text).split("\0");
}

/** The first string there; undefined when the packet is empty. */
export function stringIn(data: Buffer, from = 0): string | undefined {
  return stringsIn(data, from)[0];
}
