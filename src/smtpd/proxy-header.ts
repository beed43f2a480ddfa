/**
 * The header that a proxy sends in front of everything a client says (PROXY protocol of HAProxy, versions 1 and 2): who the
 * client is. Read on ports with M=P, from the addresses of the option ProxyHosts, before the greeting.
 *
 *     PROXY TCP4 192.0.2.7 198.51.100.1 40000 25\r\n
 */
import { isIP, type Socket } from "node:net";
import type { Clock } from "../sys/clock.ts";
import type { Ends } from "./conversation.ts";

export type ProxyHeader =
  | { readonly kind: "more" }
  | { readonly kind: "bad"; readonly reason: string }
  /** `ends` is undefined where the proxy speaks for itself (UNKNOWN, LOCAL: to see whether we are there). */
  | { readonly kind: "header"; readonly length: number; readonly ends?: Ends };

const SIGNATURE = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1");
/** Octets of version 1 at most, CRLF included. */
const LONGEST_LINE = 107;
/** Octets of version 2 that stand in front of the addresses. */
const FIXED = 16;
/** Octets of addresses and what may follow them (TLVs) that we read. */
const LONGEST_REST = 4096;

const MORE = { kind: "more" } as const;

function bad(reason: string): ProxyHeader {
  return { kind: "bad", reason };
}

/** Reads the header at the beginning of what has come so far. */
export function readProxyHeader(octets: Buffer): ProxyHeader {
  const known = Math.min(octets.length, SIGNATURE.length);
  if (octets.subarray(0, known).equals(SIGNATURE.subarray(0, known))) {
    return octets.length < FIXED ? MORE : readBinary(octets);
  }
  const start = octets.toString("latin1", 0, 6);
  if (!"PROXY ".startsWith(start)) return bad("no PROXY header");
  const end = octets.indexOf("\r\n");
  if (end >= 0 && end + 2 <= LONGEST_LINE) return readLine(octets.toString("latin1", 0, end), end + 2);
  return end >= 0 || octets.length >= LONGEST_LINE ? bad("PROXY header too long") : MORE;
}

function readLine(line: string, length: number): ProxyHeader {
  const [, family, from, to, fromPort, toPort, ...more] = line.split(" ");
  if (family === "UNKNOWN") return { kind: "header", length };
  const version = family === "TCP4" ? 4 : family === "TCP6" ? 6 : 0;
  if (version === 0) return bad(`unknown family in PROXY header`);
  if (more.length > 0 || isIP(from ?? "") !== version || isIP(to ?? "") !== version) {
    return bad("bad address in PROXY header");
  }
  if (!isPort(fromPort) || !isPort(toPort)) return bad("bad port in PROXY header");
  const ends = {
    remoteAddress: from,
    remotePort: Number(fromPort),
    localAddress: to,
    localPort: Number(toPort),
  };
  return { kind: "header", length, ends };
}

function isPort(text: string | undefined): boolean {
  return text !== undefined && /^(?:0|[1-9][0-9]{0,4})$/.test(text) && Number(text) <= 65_535;
}

function readBinary(octets: Buffer): ProxyHeader {
  const command = octets[12];
  if (command >> 4 !== 2) return bad("unknown version of PROXY header");
  const rest = octets.readUInt16BE(14);
  if (rest > LONGEST_REST) return bad("PROXY header too long");
  const length = FIXED + rest;
  if (octets.length < length) return MORE;
  if ((command & 15) === 0) return { kind: "header", length };
  if ((command & 15) !== 1) return bad("unknown command in PROXY header");
  const family = octets[13] >> 4;
  // Unix sockets and what is unspecified: the proxy speaks for itself.
  if (family === 0 || family === 3) return { kind: "header", length };
  const size = family === 1 ? 4 : family === 2 ? 16 : 0;
  if (size === 0 || (octets[13] & 15) !== 1) return bad("unknown family in PROXY header");
  if (rest < 2 * size + 4) return bad("PROXY header too short");
  const at = (index: number): string => addressText(octets.subarray(FIXED + index * size, FIXED + (index + 1) * size));
  const ports = FIXED + 2 * size;
  const ends = {
    remoteAddress: at(0),
    remotePort: octets.readUInt16BE(ports),
    localAddress: at(1),
    localPort: octets.readUInt16BE(ports + 2),
  };
  return { kind: "header", length, ends };
}

function addressText(octets: Buffer): string {
  if (octets.length === 4) return octets.join(".");
  const groups: string[] = [];
  for (let i = 0; i < octets.length; i += 2) groups.push(octets.readUInt16BE(i).toString(16));
  return groups.join(":");
}

/** A proxy sends its header at once, ms. */
const PATIENCE = 10_000;

/**
 * Waits for the header; what comes behind it stays in the socket.
 * @returns who the client is, undefined when the proxy speaks for itself, or why there is no header
 */
export function takeProxyHeader(socket: Socket, clock: Clock): Promise<Ends | undefined | { readonly reason: string }> {
  return new Promise((resolve) => {
    let octets = Buffer.alloc(0);
    const done = (answer: Ends | undefined | { readonly reason: string }): void => {
      cancel();
      socket.off("readable", onReadable).off("end", onGone).off("close", onGone);
      resolve(answer);
    };
    const onGone = (): void => done({ reason: "closed before the PROXY header" });
    const onReadable = (): void => {
      for (let chunk = socket.read() as Buffer | null; chunk !== null; chunk = socket.read() as Buffer | null) {
        octets = Buffer.concat([octets, chunk]);
        const header = readProxyHeader(octets);
        if (header.kind === "bad") return done({ reason: header.reason });
        if (header.kind === "more") continue;
        const rest = octets.subarray(header.length);
        if (rest.length > 0) socket.unshift(rest);
        return done(header.ends);
      }
    };
    const cancel = clock.after(PATIENCE, () => done({ reason: "no PROXY header in time" }));
    socket.on("readable", onReadable).on("end", onGone).on("close", onGone);
  });
}
