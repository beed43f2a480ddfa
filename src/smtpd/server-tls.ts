/**
 * The certificates in force. A file that changes on disk is seen by the next session (looked for once a second at most, by its
 * name, size and time); sessions that are open keep what they began with, and what cannot be used leaves the former in force.
 */
import { statSync } from "node:fs";
import type { Config, Options } from "../config/config.ts";
import { sharedTlsSettings } from "../config/tls-settings.ts";
import type { Log } from "../log/log.ts";
import type { Clock } from "../sys/clock.ts";
import type { MaybePromise } from "../sys/maybe-promise.ts";
import type { SealedFiles } from "../sys/sealed-file.ts";
import { filesOf, openServerContext, type ServerContext, type ServerTlsSettings } from "../tls/server-context.ts";
import { TicketKeys } from "../tls/ticket-keys.ts";
import { readTlsFeatures } from "../tls/tls-features.ts";

/** Milliseconds between two looks at the files. */
const LOOK_AGAIN = 1000;

export interface ServerTlsSource {
  readonly clock: Pick<Clock, "now">;
  readonly log: Log;
  /** Reads those of the files that this process may not read itself; absent: it has no way to. */
  readonly readByRoot?: ((paths: readonly string[]) => Promise<SealedFiles>) | undefined;
}

interface Shelf {
  readonly settings: ServerTlsSettings;
  context: ServerContext;
  stamps: string;
  lookedAt: number;
  renewing: Promise<void> | undefined;
}

export class ServerTls {
  readonly #source: ServerTlsSource;
  readonly #ticketKeys = new TicketKeys();
  /** For each configuration, by what tls_srv_features said. */
  readonly #shelves = new WeakMap<Config, Map<string, Shelf>>();

  constructor(source: ServerTlsSource) {
    this.#source = source;
  }

  /**
   * What the next handshake is made with.
   * @param features `Options=...; CipherList=...; CertFile=...; KeyFile=...` for this client, "" for none
   */
  context(config: Config, features = ""): MaybePromise<ServerContext> {
    const now = this.#source.clock.now();
    const shelf = this.#shelf(config, features, now);
    if (shelf.renewing !== undefined) return shelf.renewing.then(() => shelf.context);
    if (now - shelf.lookedAt < LOOK_AGAIN) return shelf.context;
    shelf.lookedAt = now;
    const stamps = stampsOf(shelf.settings);
    if (stamps === shelf.stamps) return shelf.context;
    shelf.stamps = stamps;
    const { readByRoot } = this.#source;
    if (readByRoot === undefined) return this.#renew(shelf, shelf.settings, now);
    shelf.renewing = readByRoot(filesOf(shelf.settings))
      .catch((): SealedFiles => new Map())
      .then((sealed) => {
        shelf.renewing = undefined;
        this.#renew(shelf, { ...shelf.settings, sealed }, now);
      });
    return shelf.renewing.then(() => shelf.context);
  }

  #shelf(config: Config, features: string, now: number): Shelf {
    let shelves = this.#shelves.get(config);
    if (shelves === undefined) this.#shelves.set(config, (shelves = new Map()));
    let shelf = shelves.get(features);
    if (shelf === undefined) {
      const settings = withFeatures({ ...settingsOf(config.options), sealed: config.sealed }, features);
      const context = this.#open(settings, now);
      if (context.kind === "problem") this.#tell("crit", `not possible: ${context.reason}`);
      shelf = { settings, context, stamps: stampsOf(settings), lookedAt: now, renewing: undefined };
      shelves.set(features, shelf);
    }
    return shelf;
  }

  #renew(shelf: Shelf, settings: ServerTlsSettings, now: number): ServerContext {
    const context = this.#open(settings, now);
    if (context.kind === "context") {
      shelf.context = context;
      this.#tell("info", "certificates were read again");
    } else if (shelf.context.kind === "context") {
      this.#tell("err", `${context.reason}; what was read before stays in force`);
    } else {
      shelf.context = context;
      this.#tell("err", `not possible: ${context.reason}`);
    }
    return shelf.context;
  }

  #open(settings: ServerTlsSettings, now: number): ServerContext {
    const context = openServerContext(settings, this.#ticketKeys.at(now));
    if (context.kind === "context") for (const text of context.warnings) this.#tell("warning", text);
    return context;
  }

  #tell(priority: "crit" | "err" | "warning" | "info", text: string): void {
    const level = priority === "info" ? 5 : priority === "warning" ? 6 : 1;
    this.#source.log.write(level, { priority, text: `STARTTLS=server: ${text}` });
  }
}

function settingsOf(options: Options): ServerTlsSettings {
  return {
    ...sharedTlsSettings(options),
    certFile: options.text("ServerCertFile"),
    keyFile: options.text("ServerKeyFile"),
    nameCerts: options.text("ServerNameCerts"),
    sslOptions: options.text("ServerSSLOptions"),
    dhParameters: options.text("DHParameters"),
  };
}

function withFeatures(settings: ServerTlsSettings, features: string): ServerTlsSettings {
  const changed = readTlsFeatures(features);
  // Another certificate is the only one.
  return { ...settings, ...(changed.certFile !== undefined && { nameCerts: "" }), ...changed };
}

/** What tells whether a file or folder is another one than before. */
function stampsOf(settings: ServerTlsSettings): string {
  return filesOf(settings).map(stampOf).join(" ");
}

function stampOf(path: string): string {
  try {
    const { ino, size, mtimeMs, ctimeMs } = statSync(path);
    return `${ino}:${size}:${mtimeMs}:${ctimeMs}`;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? "?";
  }
}
