/** `rulemail queue suspend|resume HOST`, `suspended`: which hosts nothing goes to, whatever comes. */
import { callServer } from "../call-server.ts";
import { NoDaemonError } from "../../control/client.ts";
import { homeFolder } from "../../daemon/home.ts";
import { EX } from "../../sys/sysexits.ts";
import { asciiJson } from "../../sys/terminal-text.ts";
import type { Order, QueueCommand } from "./command.ts";
import { QueueCommandError } from "./desk.ts";
import { SelectionError } from "./selection.ts";

export const suspensionCommands: Readonly<Record<"suspend" | "resume" | "suspended", QueueCommand>> = {
  suspend: {
    usage: "HOST",
    says: "nothing goes to HOST or domains below it; what comes for it waits",
    run: (order) => changed(order, true),
  },
  resume: {
    usage: "HOST",
    says: "mail goes there again, what waits at once",
    run: (order) => changed(order, false),
  },
  suspended: {
    usage: "",
    says: "the hosts that are suspended",
    run: async (order) => {
      if (order.words.length > 0) throw new SelectionError("takes no host");
      const hosts = await suspensions();
      for (const host of hosts) order.output.line(order.json ? asciiJson({ host }) : host);
      return EX.OK;
    },
  },
};

async function changed({ words, json, output }: Order, suspended: boolean): Promise<number> {
  const [host, ...more] = words;
  if (host === undefined || more.length > 0) throw new SelectionError("takes one host");
  await suspensions({ host, suspended });
  if (json) output.line(asciiJson({ host, suspended }));
  return EX.OK;
}

async function suspensions(change?: {
  readonly host: string;
  readonly suspended: boolean;
}): Promise<readonly string[]> {
  const { controlSocket } = homeFolder();
  try {
    const client = await callServer(controlSocket);
    try {
      return await client.suspensions(change);
    } finally {
      client.close();
    }
  } catch (error) {
    if (!(error instanceof NoDaemonError)) throw error;
    throw new QueueCommandError(`no server answers at ${controlSocket}`, EX.UNAVAILABLE);
  }
}
