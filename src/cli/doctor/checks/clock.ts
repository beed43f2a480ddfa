/** The clock: no earlier than files that are there, and what time servers of this machine say (SNTP, RFC 4330). */
import { createSocket } from "node:dgram";
import { existsSync, readFileSync, statSync } from "node:fs";
import { isIPv6 } from "node:net";
import { join } from "node:path";
import { programFile } from "../../../sys/program-files.ts";
import { sourceMapPath } from "../../../source/source-map.ts";
import type { Check } from "../check.ts";
import type { Finding } from "../finding.ts";
import type { Patient } from "../patient.ts";

/** Clocks of file servers may differ a little. */
const AHEAD = 60 * 60 * 1000;
/** More than this is seen in Date: and by time limits of signatures and certificates, ms. */
const OFF = 60 * 1000;

export const clock: Check = {
  name: "clock",
  about: "the clock of this machine, beside its files and its time servers",
  needs: "nothing",
  async run(patient) {
    const future = fileAhead(patient);
    if (future !== undefined) return [future];
    const [server] = timeServers(patient.root);
    const ahead = server === undefined ? undefined : await offsetFrom(server, patient.clock);
    if (ahead === undefined || Math.abs(ahead) < OFF) return [];
    const seconds = Math.round(Math.abs(ahead) / 1000);
    return [wrong(`the clock is ${seconds} s ${ahead > 0 ? "ahead of" : "behind"} that of ${server}`)];
  },
};

function wrong(what: string): Finding {
  const todo = "set it and keep it: timedatectl set-ntp true, or install chrony";
  return { kind: "clock-wrong", what, where: "clock", todo };
}

/** A file from the future: the program, the configuration. */
function fileAhead({ clock: time, file, home }: Patient): Finding | undefined {
  for (const path of [programFile(), file, sourceMapPath(file), join(home.folder, "log")]) {
    const made = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
    if (made === undefined || made < time.now() + AHEAD) continue;
    const at = new Date(time.now()).toISOString();
    return wrong(`the clock says ${at}, and ${path} was changed later, at ${new Date(made).toISOString()}`);
  }
  return undefined;
}

const FILES: readonly (readonly [string, RegExp])[] = [
  ["/etc/chrony/chrony.conf", /^[ \t]*(?:server|pool|peer)[ \t]+(\S+)/gm],
  ["/etc/chrony.conf", /^[ \t]*(?:server|pool|peer)[ \t]+(\S+)/gm],
  ["/etc/ntp.conf", /^[ \t]*(?:server|pool|peer)[ \t]+(\S+)/gm],
  ["/etc/systemd/timesyncd.conf", /^[ \t]*NTP=[ \t]*(\S+)/gm],
];

/** Those that this machine is set by: nobody else is asked. */
function timeServers(root: string): string[] {
  return FILES.flatMap(([name, pattern]) => {
    const path = join(root, name);
    return existsSync(path) ? [...readFileSync(path, "latin1").matchAll(pattern)].map(([, server]) => server) : [];
  });
}

const NTP_PORT = 123;
const WAIT = 2000;
const SIZE = 48;
/** Version 4, as a client. */
const QUESTION = 0x23;
/** Seconds from 1900 to 1970. */
const ERA = 2_208_988_800;
const RECEIVED = 32;
const FRACTION = 2 ** 32;

/** How many ms our clock is ahead; undefined: no answer, and no finding. @param server a name, an address, or either with `:PORT` */
function offsetFrom(server: string, time: Patient["clock"]): Promise<number | undefined> {
  const [, named, port] = /^(.*?)(?::(\d{1,5}))?$/.exec(server) ?? [];
  const place =
    isIPv6(server) || port === undefined ? { host: server, port: NTP_PORT } : { host: named, port: Number(port) };
  const socket = createSocket(isIPv6(server) ? "udp6" : "udp4");
  return new Promise((resolve) => {
    const done = (offset: number | undefined): void => {
      clearTimeout(timer);
      socket.close();
      resolve(offset);
    };
    const timer = setTimeout(done, WAIT, undefined);
    const began = time.now();
    socket.once("error", () => done(undefined));
    socket.once("message", (answer) => {
      if (answer.length < SIZE || answer.readUInt32BE(RECEIVED) === 0) return done(undefined);
      const seconds = answer.readUInt32BE(RECEIVED) - ERA + answer.readUInt32BE(RECEIVED + 4) / FRACTION;
      done((began + time.now()) / 2 - seconds * 1000);
    });
    const question = Buffer.alloc(SIZE);
    question[0] = QUESTION;
    socket.send(question, place.port, place.host, (error) => {
      if (error) done(undefined);
    });
  });
}
