/**
 * An SMTP server that takes everything and counts it, in a process of its own. Run as a program it prints its port as
 * JSON, answers each line on standard input with its counters, and ends with standard input.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { createInterface } from "node:readline";

export interface SinkCounters {
  readonly messages: number;
  /** RCPT commands. */
  readonly recipients: number;
  readonly octets: number;
  /** When the newest message was complete, ms since the epoch; 0 for none. */
  readonly last: number;
}

export interface Sink {
  readonly port: number;
  readonly pid: number;
  counters(): Promise<SinkCounters>;
  close(): Promise<void>;
}

/**
 * Starts the sink as a child process.
 * @param latency ms that pass before each answer
 * @param host where it listens; 0.0.0.0: at every address of this machine
 * @param wanted its port; 0: a free one
 */
export async function startSink(latency = 0, host = "127.0.0.1", wanted = 0): Promise<Sink> {
  const words = ["--no-warnings", import.meta.filename, String(latency), host, String(wanted)];
  const child = spawn(process.execPath, words, {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => JSON.parse((await lines.next()).value as string);
  const { port } = (await next()) as { port: number };
  return {
    port,
    pid: child.pid!,
    async counters() {
      child.stdin.write("\n");
      return (await next()) as SinkCounters;
    },
    async close() {
      child.stdin.end();
      await once(child, "exit");
    },
  };
}

const END_OF_DATA = Buffer.from("\r\n.\r\n");
const REPLIES: Readonly<Record<string, string>> = {
  EHLO: "250-sink.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE\r\n",
  DATA: "354 go on\r\n",
  QUIT: "221 bye\r\n",
};

const LATENCY = Number(process.argv[2] ?? 0);

/** As if the answer came from afar. */
function later(action: () => void): void {
  if (LATENCY > 0) setTimeout(action, LATENCY);
  else action();
}

function serve(): void {
  const counters = { messages: 0, recipients: 0, octets: 0, last: 0 };
  const server = createServer({ noDelay: true }, (socket) => converse(socket, counters));
  server.listen(Number(process.argv[4] ?? 0), process.argv[3] ?? "127.0.0.1", () =>
    console.log(JSON.stringify({ port: (server.address() as AddressInfo).port })),
  );
  process.stdin.on("data", () => console.log(JSON.stringify(counters)));
  process.stdin.on("end", () => process.exit(0));
}

/** One client: commands line by line, messages without keeping more of them than the last five octets. */
function converse(socket: Socket, counters: { -readonly [name in keyof SinkCounters]: number }): void {
  let pending = Buffer.alloc(0);
  let inMessage = false;
  socket.on("error", () => socket.destroy());
  later(() => socket.write("220 sink.test ESMTP\r\n"));
  socket.on("data", (chunk) => {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    let replies = "";
    for (;;) {
      const mark = inMessage ? pending.indexOf(END_OF_DATA) : pending.indexOf("\r\n");
      if (mark === -1) break;
      if (inMessage) {
        counters.messages++;
        counters.last = Date.now();
        counters.octets += mark + 2;
        pending = pending.subarray(mark + END_OF_DATA.length);
        inMessage = false;
        replies += "250 taken\r\n";
      } else {
        const verb = pending.toString("latin1", 0, 4).toUpperCase();
        // The line end of DATA stays: it may begin the final dot of an empty message.
        pending = pending.subarray(verb === "DATA" ? mark : mark + 2);
        inMessage = verb === "DATA";
        if (verb === "RCPT") counters.recipients++;
        replies += REPLIES[verb] ?? "250 ok\r\n";
        if (verb === "QUIT") {
          const last = replies;
          later(() => socket.end(last));
          return;
        }
      }
    }
    if (inMessage && pending.length > 4) {
      counters.octets += pending.length - 4;
      pending = pending.subarray(pending.length - 4);
    }
    if (replies !== "") later(() => socket.write(replies));
  });
}

if (import.meta.main) serve();
