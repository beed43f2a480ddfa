/** A real slapd for tests of the class ldap: own folder, socket and free port, as the current user. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type NetConnectOpts } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { commandOf, findProgram, peerFile } from "./foreign-programs.ts";

const SCHEMA = peerFile("/etc/ldap/schema/core.schema");

function slapd(): readonly [string, ...string[]] {
  const [program, ...words] = commandOf(findProgram("slapd"));
  return [program, ...words];
}

const TEXT = "SYNTAX 1.3.6.1.4.1.1466.115.121.1.15";
const OWN_SCHEMA = `
attributetype ( 1.3.6.1.4.1.99999.1.1 NAME 'mapKey' EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch ${TEXT} )
attributetype ( 1.3.6.1.4.1.99999.1.2 NAME 'mapValue' EQUALITY caseExactMatch ${TEXT} )
attributetype ( 1.3.6.1.4.1.99999.1.3 NAME 'mapSearch' EQUALITY caseExactMatch ${TEXT} )
attributetype ( 1.3.6.1.4.1.99999.1.4 NAME 'mapURL' EQUALITY caseExactMatch ${TEXT} )
attributetype ( 1.3.6.1.4.1.99999.1.5 NAME 'mapDN' SUP distinguishedName )
objectclass ( 1.3.6.1.4.1.99999.2.1 NAME 'mapEntry' STRUCTURAL MUST cn MAY ( mapKey $ mapValue $ mapSearch $ mapURL $ mapDN $ mail ) )
`;

/** An entry cn=NAME,dc=test: its attributes in order. */
export type TestEntry = readonly [cn: string, ...attributes: (readonly [name: string, value: string])[]];

export class DirectoryServer {
  readonly folder = mkdtempSync(join(tmpdir(), "slapd-"));
  /** URI of the local socket. */
  readonly localUri = `ldapi://${encodeURIComponent(join(this.folder, "socket"))}`;
  #port = 0;
  #process: ChildProcess | undefined;

  get uri(): string {
    return `ldap://127.0.0.1:${this.#port}`;
  }

  get port(): number {
    return this.#port;
  }

  /** @param more lines for the configuration of the database */
  async prepare(entries: readonly TestEntry[], more = ""): Promise<void> {
    const data = join(this.folder, "data");
    mkdirSync(data);
    const database = `database ldif\nsuffix dc=test\nrootdn cn=admin,dc=test\nrootpw secret\ndirectory ${data}\n${more}\n`;
    writeFileSync(join(this.folder, "slapd.conf"), `include ${SCHEMA}\n${OWN_SCHEMA}\n${database}`);
    const ldif = ["dn: dc=test\nobjectClass: organization\nobjectClass: dcObject\no: test\ndc: test\n"];
    for (const [cn, ...attributes] of entries) {
      const lines = attributes.map(([name, value]) => `${name}:: ${Buffer.from(value, "utf8").toString("base64")}`);
      ldif.push([`dn: cn=${cn},dc=test`, "objectClass: mapEntry", `cn: ${cn}`, ...lines, ""].join("\n"));
    }
    const [program, ...first] = slapd();
    const added = spawnSync(program, [...first, "-T", "add", "-f", join(this.folder, "slapd.conf")], {
      input: ldif.join("\n"),
      encoding: "utf8",
    });
    if (added.status !== 0) throw new Error(`slapd -T add: ${added.stderr}`);
    this.#port = await freePort();
  }

  /** Resolves when the server answers. */
  start(): Promise<void> {
    const where = `${this.uri} ${this.localUri}`;
    const [program, ...first] = slapd();
    const child = spawn(program, [...first, "-f", join(this.folder, "slapd.conf"), "-h", where, "-d", "256"], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#process = child;
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => void (said += chunk.toString()));
    // Its message "slapd starting" comes a little before it listens: ask until it takes a connection.
    return new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", (code) => reject(new Error(`slapd ended with ${code}: ${said}`)));
      untilConnected({ host: "127.0.0.1", port: this.#port })
        .then(() => untilConnected({ path: join(this.folder, "socket") }))
        .then(resolve, reject);
    });
  }

  async stop(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    await ended;
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true });
  }
}

async function untilConnected(address: NetConnectOpts): Promise<void> {
  for (let attempt = 0; attempt < 1000; attempt++) {
    const connected = await new Promise<boolean>((resolve) => {
      const socket = connect(address, () => void socket.destroy());
      socket.on("connect", () => resolve(true)).on("error", () => resolve(false));
    });
    if (connected) return;
    await setTimeout(10);
  }
  throw new Error("slapd does not listen");
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}
