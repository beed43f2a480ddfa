/** What the server may ask of root after it has given up root's rights. What it may name was agreed on before. */
import type { Server } from "node:net";

export interface RootDoor {
  /** A server that listens on a port of the configuration; who connects to it waits to be served. */
  listen(port: { readonly host: string; readonly port: number; readonly family: string }): Promise<Server>;
  /** A key, or a text that the configuration is read from. */
  readFile(path: string): Promise<Buffer>;
  /** Root reads the configuration again: what it names from now on may be asked for. */
  reload(): Promise<void>;
}
