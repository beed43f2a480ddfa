/**
 * The members of nodemailer's SMTPConnection that src/delivery/smtp/client.ts builds on. They are not published: a new
 * version of the library that fails here needs a look at the client before it is taken.
 */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { connect } from "node:net";
import { expect, test } from "@jest/globals";
import SMTPConnection from "nodemailer/lib/smtp-connection";
import { SmtpSink } from "../support/smtp-sink.ts";

interface Inside {
  _responseActions: ((reply: string) => void)[];
  _responseQueue: string[];
  _destroyed: boolean;
  _pendingSend: unknown;
  _ehloLines: readonly string[];
}

test("the version is the one that was read", async () => {
  const path = createRequire(import.meta.url).resolve("nodemailer/package.json");
  expect((JSON.parse(await readFile(path, "utf8")) as { version: string }).version).toBe("10.6.0");
});

test.each([
  "_sendCommand",
  "_processResponse",
  "_actionGreeting",
  "_actionHELO",
  "_parseEhloExtensions",
  "_onServerClosing",
  "_onError",
  "_clearPhase",
  "_remainingSetupTime",
  "_upgradeConnection",
])("%s is a method that a subclass can replace", (name) => {
  expect(typeof (SMTPConnection.prototype as unknown as Record<string, unknown>)[name]).toBe("function");
});

test.each(["_onSocketError", "_onSocketData", "_onSocketTimeout", "_onSocketClose", "_onSocketEnd"])(
  "%s is what a socket is listened to with",
  (name) => {
    const connection = new SMTPConnection({ logger: false });
    expect(typeof (connection as unknown as Record<string, unknown>)[name]).toBe("function");
    expect((connection as unknown as { readonly stage: string }).stage).toBe("init");
  },
);

test("replies go to actions in order, and a broken connection to the pending send", async () => {
  const sink = await SmtpSink.start({ extensions: ["PIPELINING", "SIZE 1000"] });
  const socket = connect(sink.port, "127.0.0.1");
  await new Promise((resolve) => socket.once("connect", resolve));
  const connection = new SMTPConnection({ connection: socket, name: "here.test", logger: false });
  await new Promise<void>((resolve, reject) => connection.connect((error) => (error ? reject(error) : resolve())));
  const inside = connection as unknown as Inside;
  expect(inside).toMatchObject({ _destroyed: false, _responseQueue: [], _pendingSend: false });
  expect(inside._ehloLines).toEqual(["PIPELINING", "SIZE 1000"]);

  const replies: string[] = [];
  const both = new Promise<void>((resolve) => {
    inside._responseActions.push((reply) => replies.push(reply));
    inside._responseActions.push((reply) => {
      replies.push(reply);
      resolve();
    });
  });
  socket.write("NOOP\r\nRSET\r\n");
  await both;
  expect(replies).toEqual(["250 2.0.0 ok", "250 2.0.0 reset"]);

  const events: string[] = [];
  connection.on("error", () => events.push("error"));
  connection.on("end", () => events.push("end"));
  const failed = new Promise<Error>((resolve) => (inside._pendingSend = { callback: resolve, stream: false }));
  inside._responseActions.push(() => undefined);
  sink.dropConnections();
  expect((await failed).message).toMatch(/closed|reset/i);
  expect(events).toEqual(["error", "end"]);
  expect(inside._destroyed).toBe(true);
  await sink.close();
});
