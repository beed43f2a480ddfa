/**
 * `attacker.ts PORT KIND`: begins with the first line of its standard input and goes on until it is ended. Its connections come
 * from sixteen addresses of loopback. It reads what it is told, so that the server never waits for it.
 */
import { connect, type Socket } from "node:net";
import { connect as connectTls, TLSSocket } from "node:tls";
import { type Attack, ATTACKS } from "./attacks.ts";

const ADDRESSES = 16;
/** As much as a socket takes at once. */
const BLOCK = 16_384;
/** Octets of the server's handshake that are waited for before the connection goes away. */
const HANDSHAKE = 500;

function attack(port: number, kind: Attack, number: number): void {
  const again = (): void => void setImmediate(() => attack(port, kind, number));
  const socket = connect({ port, host: "127.0.0.1", localAddress: `127.1.0.${1 + (number % ADDRESSES)}` });
  socket.on("error", () => socket.destroy());
  socket.on("close", again);
  socket.setNoDelay(true);
  const opening = [...kind.opening];
  let received = "";
  const onData = (octets: Buffer): void => {
    received = (received + octets.toString("latin1")).slice(-200);
    if (!/(?:^|\n)[0-9]{3} [^\n]*\n$/.test(received)) return;
    received = "";
    const line = opening.shift();
    if (line !== undefined) return void socket.write(`${line}\r\n`);
    socket.off("data", onData);
    goOn(socket, kind);
  };
  socket.on("data", onData);
}

function goOn(socket: Socket, { again, drip, comesAgain, opening }: Attack): void {
  if (opening.includes("STARTTLS")) return shakeHalf(socket);
  if (comesAgain) return void socket.destroy();
  socket.resume();
  if (drip !== undefined) {
    let at = 0;
    const timer = setInterval(() => socket.write(again[at++ % again.length]), drip);
    return void socket.on("close", () => clearInterval(timer));
  }
  const block = again.repeat(Math.ceil(BLOCK / again.length));
  const flood = (): void => {
    // One block is under way: the next one when it has left.
    if (!socket.destroyed) socket.write(block, "latin1", flood);
  };
  flood();
}

/** Lets the server do its part of a handshake, and goes away. */
function shakeHalf(socket: Socket): void {
  const before = socket.bytesRead;
  const tls: TLSSocket = connectTls({ socket, rejectUnauthorized: false });
  tls.on("error", () => socket.destroy());
  tls.once("secureConnect", () => socket.destroy());
  socket.on("data", () => {
    if (socket.bytesRead - before > HANDSHAKE) socket.destroy();
  });
}

const [port, name] = process.argv.slice(2);
process.stdin.once("data", () => {
  const kind = ATTACKS[name];
  for (let number = 0; number < kind.connections; number++) attack(Number(port), kind, number);
});
