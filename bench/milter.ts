/**
 * What mail filters cost the server: the same mail without one, through one, and through three that hear everything and accept
 * it. The three servers run beside each other and take turns, so that a slow moment of the machine is slow for all of them.
 */
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { decodeCommand, encodeAnswer, encodeNegotiation } from "../src/milter/filter-half.ts";
import { PacketReader } from "../src/milter/packets.ts";
import { generate, type Load } from "./generator.ts";
import { costsInTurns, median } from "./in-turns.ts";
import { type RunningServer, startServer } from "./server.ts";
import type { Print, Wishes } from "./wishes.ts";

const COUNTS = [0, 1, 3] as const;
const SLICES = 6;
/** As the macros of `INPUT_MAIL_FILTER` have them. */
const MACROS = {
  connect: "j, _, {daemon_name}, {if_name}, {if_addr}",
  helo: "{tls_version}, {cipher}, {cipher_bits}, {cert_subject}, {cert_issuer}",
  envfrom: "i, {auth_type}, {auth_authen}, {auth_ssf}, {auth_author}, {mail_mailer}, {mail_host}, {mail_addr}",
  envrcpt: "{rcpt_mailer}, {rcpt_host}, {rcpt_addr}",
  eom: "{msg_id}",
};

export async function benchMilter(print: Print, wishes: Wishes): Promise<void> {
  const filters = await Promise.all([1, 2, 3].map(startFilter));
  const servers: RunningServer[] = [];
  try {
    for (const count of COUNTS) {
      const used = filters.slice(0, count).map((server, i) => {
        const { port } = server.address() as AddressInfo;
        return { name: `f${i}`, socket: `inet:${port}@127.0.0.1` };
      });
      const options = Object.entries(MACROS).map(([stage, list]) => `Milter.macros.${stage}=${list}`);
      const profile = count === COUNTS.at(-1) ? wishes.profile : undefined;
      servers.push(await startServer({ deliveryMode: "queue", relayPort: 9, filters: used, options, profile }));
    }
    for (const perConnection of [1, Infinity]) {
      await measure(
        print,
        perConnection === 1 ? "a connection each" : "connections kept",
        servers,
        wishes,
        perConnection,
      );
    }
  } finally {
    for (const server of servers) await server.stop();
    for (const filter of filters) filter.close();
  }
}

async function measure(
  print: Print,
  title: string,
  servers: readonly RunningServer[],
  wishes: Wishes,
  perConnection: number,
): Promise<void> {
  const send = async ({ port }: RunningServer, messages: number): Promise<void> => {
    const { sessions, size } = wishes;
    const addresses = { sender: "load@sender.test", recipient: "user@sink.test" };
    const load: Load = { port, sessions, messages, size, perConnection, ...addresses };
    const { problem, refused } = await generate(load);
    if (problem !== undefined) print("problem", [`${refused} refused: ${problem.trim()}`]);
  };
  for (const server of servers) await send(server, wishes.warmUp);
  const slice = Math.ceil(wishes.messages / SLICES);
  const costs = await costsInTurns(servers, { turns: SLICES, slice }, send);
  const [without] = costs;
  costs.forEach((cost, i) => {
    // In pairs with the slice of the same turn.
    const added = cost.map((each, turn) => each - without[turn]);
    const more = i === 0 ? [] : [`${median(added).toFixed(3)} ms more than without`];
    print(`${title}, ${COUNTS[i]} filters`, [`${median(cost).toFixed(3)} ms CPU each`, ...more]);
  });
}

/** Hears everything, and says "continue" to all of it. */
function startFilter(): Promise<Server> {
  const yes = encodeAnswer({ kind: "continue" });
  const silent = new Set(["macros", "abort", "quit", "quit-and-next"]);
  const listen = (socket: Socket): void => {
    const reader = new PacketReader();
    socket.setNoDelay(true).on("error", () => undefined);
    socket.on("data", (octets: Buffer) => {
      reader.push(octets);
      for (let packet = reader.next(); packet; packet = reader.next()) {
        const command = decodeCommand(packet);
        if (command.kind === "negotiate") {
          socket.write(encodeNegotiation({ version: 6, actions: command.actions, protocol: 0 }));
        } else if (!silent.has(command.kind)) socket.write(yes);
      }
    });
  };
  const server = createServer(listen);
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}
