/**
 * What the SMTP server relies on inside the smtp-server package (it is subclassed, not configured). The version is
 * pinned; when it is raised, this suite says which assumption no longer holds.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { connect, type Socket } from "node:net";
import { describe, expect, test } from "@jest/globals";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";
import { SMTPConnection } from "smtp-server/lib/smtp-connection.js";
import type { SMTPStream } from "smtp-server/lib/smtp-stream.js";
import { until } from "../support/smtp-dialogue.ts";

const require = createRequire(import.meta.url);

function membersOf(prototype: object): string[] {
  return Object.getOwnPropertyNames(prototype);
}

describe("smtp-server", () => {
  test("is the exact version that was read", () => {
    const { version } = JSON.parse(readFileSync(require.resolve("smtp-server/package.json"), "utf8")) as {
      version: string;
    };
    const own = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
      dependencies: Record<string, string>;
    };
    expect(version).toBe("3.21.6");
    expect(own.dependencies["smtp-server"]).toBe(version);
  });

  test("has the members that are overridden or called", () => {
    expect(membersOf(SMTPConnection.prototype)).toEqual(
      expect.arrayContaining([
        "init",
        "_createParser",
        "_setListeners",
        "_onClose",
        "_onError",
        "_onTimeout",
        "_armTimeout",
        "_whenWritable",
        "_resetSession",
        "send",
        "close",
      ]),
    );
    expect(membersOf(SMTPServer.prototype)).toEqual(expect.arrayContaining(["connect", "close", "_handleProxy"]));
  });
});

/** All that the library may find where it has its own parser. */
class Reader {
  isClosed = false;
}

class Probe extends SMTPConnection {
  readonly events: string[] = [];

  override init(): void {
    this._socket.on("close", () => this._onClose()).on("error", () => this._onError());
    this._socket.resume();
    this.events.push("init");
  }

  override _createParser(): SMTPStream {
    // Called by the constructor, before fields of a subclass exist.
    return new Reader() as unknown as SMTPStream;
  }

  override send(code: number): void {
    this.events.push(`send ${code}`);
  }

  override _resetSession(): void {
    this.events?.push("reset");
  }

  override _onError(): void {
    this.events.push("error");
    this.close();
  }

  override _onClose(): void {
    this.events.push("close");
    super._onClose();
  }
}

async function withProbe(
  options: SMTPServerOptions,
  run: (client: Socket, probe: Probe, server: SMTPServer) => Promise<void>,
): Promise<void> {
  let probe: Probe | undefined;
  class ProbeServer extends SMTPServer {
    override connect(socket: Socket): void {
      probe = new Probe(this, socket, { id: "7" });
      this.connections.add(probe);
      probe.init();
    }
  }
  const server = new ProbeServer({ logger: false, ...options });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const bound = server.server.address();
  const client = connect({ port: typeof bound === "object" && bound ? bound.port : 0, host: "127.0.0.1" });
  client.on("error", () => undefined);
  client.resume();
  try {
    await until(() => probe !== undefined);
    await run(client, probe as Probe, server);
  } finally {
    client.destroy();
    await new Promise<void>((resolve) => server.close(resolve));
  }
}

describe("SMTPConnection", () => {
  test("takes our name for a session, knows both addresses, is plain and not yet ready", async () => {
    await withProbe({}, async (client, probe) => {
      expect(probe.id).toBe("7");
      expect([probe.remoteAddress, probe.remotePort]).toEqual(["127.0.0.1", client.localPort]);
      expect([probe.localAddress, probe.localPort]).toEqual(["127.0.0.1", client.remotePort]);
      expect([probe.secure, probe._ready, probe._upgrading, probe._closing, probe._closed]).toEqual([
        false,
        false,
        false,
        false,
        false,
      ]);
      expect(probe.tlsOptions).toBe(false);
      expect(probe._handlerPending).toBe(false);
    });
  });

  test("close() leaves the list of connections, retires the parser and ends the socket", async () => {
    await withProbe({}, async (_client, probe, server) => {
      const parser = probe._parser as unknown as Reader;
      probe.close();
      expect(server.connections.size).toBe(0);
      expect([probe._closing, probe._closed, parser.isClosed]).toEqual([true, false, true]);
      expect(probe._socket.writableEnded).toBe(true);
      await until(() => probe._closed);
      expect(probe._closing).toBe(false);
      expect(probe._parser).toBe(false);
    });
  });

  test("a client that goes away ends in _onClose, with the parser retired", async () => {
    await withProbe({}, async (client, probe, server) => {
      const parser = probe._parser as unknown as Reader;
      client.destroy();
      await until(() => probe._closed);
      expect(probe.events).toContain("close");
      expect(parser.isClosed).toBe(true);
      expect(server.connections.size).toBe(0);
    });
  });

  test("_whenWritable calls at once while the client reads", async () => {
    await withProbe({}, async (_client, probe) => {
      let called = false;
      probe._whenWritable(() => (called = true));
      expect(called).toBe(true);
    });
  });
});

describe("SMTPServer", () => {
  test("passes its options on to net.createServer", () => {
    const options: SMTPServerOptions & { allowHalfOpen: boolean } = { logger: false, allowHalfOpen: true };
    const server = new SMTPServer(options);
    expect((server.server as unknown as { allowHalfOpen: boolean }).allowHalfOpen).toBe(true);
  });

  test("close() is seen in _closeTimeout, and after the time sends 421 to those that are left", async () => {
    await withProbe({ closeTimeout: 1 }, async (_client, probe, server) => {
      expect(server._closeTimeout).toBe(false);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      expect(server._closeTimeout).not.toBe(false);
      await closed;
      expect(probe.events).toContain("send 421");
    });
  });
});
