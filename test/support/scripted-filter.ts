/**
 * A filter that says what a script tells it: scenario in, transcript out. Speaks the filter's half of the codec, over a socket.
 *
 *     const filter = await scriptedFilter({ on: { rcpt: [{ kind: "tempfail" }], end: [[addHeader, { kind: "accept" }]] } });
 *     ... filter.settings.address ...
 *     filter.transcript   // ["negotiate 6 0x1ff 0x1fffff", "macros connect j=mail.example", "connect localhost ..."]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command, Negotiation } from "../../src/milter/commands.ts";
import {
  decodeCommand,
  encodeAnswer,
  encodeEdit,
  encodeNegotiation,
  encodeProgress,
} from "../../src/milter/filter-half.ts";
import type { Answer, Edit, FilterSettings, FilterTimeouts, MacroStage } from "../../src/milter/filter.ts";
import { PacketReader } from "../../src/milter/packets.ts";

export type Saying =
  | Answer
  | Edit
  | { readonly kind: "progress" }
  /** Octets as they are, a packet or not. */
  | { readonly kind: "octets"; readonly octets: Buffer }
  /** Says nothing to this. */
  | { readonly kind: "silence" }
  | { readonly kind: "hang-up" };

/** What is said to one command. */
export type Turn = Saying | readonly Saying[];

export interface Scenario {
  /** What it agrees to; default: all actions that are offered, no protocol bit. */
  readonly negotiates?: Partial<Negotiation>;
  readonly lists?: ReadonlyMap<MacroStage, readonly string[]>;
  /** What is said instead of a negotiation. */
  readonly instead?: Turn;
  /** Kind of command → its turns, one for each time it comes, in each connection; when they are used up: continue. */
  readonly on?: Readonly<Partial<Record<Command["kind"], readonly Turn[]>>>;
  /** The same for the connections from 0 on, in place of `on`. */
  readonly inSession?: (connection: number) => Scenario["on"];
  /** Kinds of commands that get no answer (SMFIP_NR_*). */
  readonly mute?: readonly Command["kind"][];
  readonly timeouts?: Partial<FilterTimeouts>;
  /** Default: a unix socket. */
  readonly listensOn?: "unix" | "inet" | "inet6";
}

export interface ScriptedFilter {
  readonly settings: FilterSettings;
  /** What it heard, in order; of all connections. */
  readonly transcript: readonly string[];
  /** All of the bodies that it heard, as they came. */
  readonly octets: () => Buffer;
  /** How many connections there were. */
  readonly connections: () => number;
  close(): Promise<void>;
}

const UNANSWERED: ReadonlySet<Command["kind"]> = new Set(["macros", "abort", "quit", "quit-and-next"]);
const ENCODED_BY_ANSWER: ReadonlySet<string> = new Set<Answer["kind"]>([
  "continue",
  "accept",
  "reject",
  "tempfail",
  "discard",
  "skip",
  "shutdown",
  "connection-failure",
  "reply",
]);

export async function scriptedFilter(scenario: Scenario = {}): Promise<ScriptedFilter> {
  const transcript: string[] = [];
  const bodies: Buffer[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    const said = scenario.inSession === undefined ? scenario : { ...scenario, on: scenario.inSession(connections) };
    connections++;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
    const turns = new Map<string, number>();
    const reader = new PacketReader();
    socket.on("data", (octets: Buffer) => {
      reader.push(octets);
      for (let packet = reader.next(); packet; packet = reader.next()) {
        const command = decodeCommand(packet);
        transcript.push(describeCommand(command));
        if (command.kind === "body") bodies.push(command.octets);
        const count = turns.get(command.kind) ?? 0;
        turns.set(command.kind, count + 1);
        speak(socket, said, command, count);
      }
    });
  });
  const folder = mkdtempSync(join(tmpdir(), "filter-"));
  const kind = scenario.listensOn ?? "unix";
  const path = join(folder, "socket");
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    if (kind === "unix") server.listen(path, resolve);
    else server.listen(0, kind === "inet" ? "127.0.0.1" : "::1", resolve);
  });
  const host = kind === "inet" ? "127.0.0.1" : "::1";
  const address =
    kind === "unix" ? ({ kind, path } as const) : { kind, host, port: (server.address() as AddressInfo).port };
  return {
    settings: {
      name: "scripted",
      address,
      timeouts: { connect: 5000, send: 5000, read: 5000, end: 5000, ...scenario.timeouts },
    },
    transcript,
    octets: () => Buffer.concat(bodies),
    connections: () => connections,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function speak(socket: Socket, scenario: Scenario, command: Command, count: number): void {
  if (command.kind === "negotiate") {
    if (scenario.instead !== undefined) return say(socket, scenario.instead);
    const { version = 6, actions = command.actions, protocol = 0 } = scenario.negotiates ?? {};
    socket.write(encodeNegotiation({ version, actions, protocol }, scenario.lists));
    return;
  }
  const turn = scenario.on?.[command.kind]?.[count];
  if (turn !== undefined) return say(socket, turn);
  if (UNANSWERED.has(command.kind) || scenario.mute?.includes(command.kind)) return;
  say(socket, { kind: "continue" });
}

function say(socket: Socket, turn: Turn): void {
  for (const saying of Array.isArray(turn) ? (turn as readonly Saying[]) : [turn as Saying]) {
    if (saying.kind === "hang-up") socket.destroy();
    else if (saying.kind === "octets") socket.write(saying.octets);
    else if (saying.kind === "progress") socket.write(encodeProgress());
    else if (saying.kind === "silence") continue;
    else if (ENCODED_BY_ANSWER.has(saying.kind)) socket.write(encodeAnswer(saying as Answer));
    else socket.write(encodeEdit(saying as Edit));
  }
}

const shown = (text: string): string => JSON.stringify(text).slice(1, -1);

/** One line of a transcript. */
export function describeCommand(command: Command): string {
  switch (command.kind) {
    case "negotiate":
      return `negotiate ${command.version} 0x${command.actions.toString(16)} 0x${command.protocol.toString(16)}`;
    case "macros":
      return ["macros", command.step, ...command.values.map(([name, value]) => `${name}=${shown(value)}`)].join(" ");
    case "connect": {
      const { place } = command;
      const where =
        place.family === "unknown"
          ? ""
          : place.family === "unix"
            ? ` ${place.path}`
            : ` ${place.address} port ${place.port}`;
      return `connect ${command.host} ${place.family}${where}`;
    }
    case "helo":
      return `helo ${command.name}`;
    case "mail":
    case "rcpt":
      return [command.kind, command.path, ...command.parameters].join(" ");
    case "unknown":
      return `unknown ${shown(command.line)}`;
    case "header":
      return `header ${command.name}:${shown(command.value)}`;
    case "body":
      return `body ${command.octets.length}`;
    case "end":
      return command.octets.length === 0 ? "end" : `end ${command.octets.length}`;
    default:
      return command.kind;
  }
}
