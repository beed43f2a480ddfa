/**
 * nodemailer's SMTPConnection with the members that it does not publish and client.ts builds on;
 * test/contract/smtp-connection.test.ts pins them.
 */
import type { Socket } from "node:net";
import SMTPConnection from "nodemailer/lib/smtp-connection";
import { readShared } from "../../sys/shared-reads.ts";

/** Members of the library that its types do not show. */
export interface Internals {
  _actionGreeting(reply: string): void;
  _actionEHLO(reply: string): void;
  _actionHELO(reply: string): void;
  _actionLHLO(reply: string): void;
  _clearPhase(): void;
  _upgradeConnection(done: (error?: Error | null, secured?: boolean) => void): void;
  _parseEhloExtensions(reply: string): void;
  _onServerClosing(reply: string): void;
  _onTimeout(): void;
  _onError(error: Error, type: string, reply: string | false, command: string): void;
}

export type Action = (reply: string) => void;

export class LibraryConnection extends SMTPConnection {
  declare readonly _responseActions: Action[];
  declare readonly _responseQueue: string[];
  declare readonly _destroyed: boolean;
  declare readonly _ehloLines: readonly string[] | undefined;
  declare stage: "connected" | "init";
  declare readonly _onSocketError: (error: Error) => void;
  declare readonly _onSocketData: (chunk: Buffer) => void;
  declare readonly _onSocketTimeout: () => void;
  declare readonly _onSocketClose: () => void;
  declare readonly _onSocketEnd: () => void;
  declare _pendingSend: false | { callback: (error: Error) => void; stream: false };

  /** Has what the plain socket reads go to nobody; undefined: the library sees to that itself. */
  protected stopReading: (() => void) | undefined;

  /**
   * What `connect` of the library does for a socket that is connected, less what every connection would pay for: a second
   * timer, errors made in advance, and questions to the system for a log that is not written.
   */
  protected listenTo(socket: Socket): void {
    this._socket = socket;
    this.stage = "connected";
    socket.on("error", this._onSocketError).on("timeout", this._onSocketTimeout);
    this.stopReading = readShared(socket, this._onSocketData);
    if (this.stopReading === undefined) socket.on("data", this._onSocketData);
    socket.once("close", this._onSocketClose).once("end", this._onSocketEnd);
    this._responseActions.push((reply) => (this as unknown as Internals)._actionGreeting(reply));
    socket.resume();
  }
}
