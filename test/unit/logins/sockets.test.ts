/** saslauthd and Dovecot over their sockets, played by servers of a few lines; the real ones: test/peers/submission. */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { escapeField, parseDovecotLine } from "../../../src/logins/dovecot-lines.ts";
import { DovecotAuthenticator } from "../../../src/logins/dovecot.ts";
import { Saslauthd } from "../../../src/logins/saslauthd.ts";
import { fuzz } from "../../support/fuzz.ts";

let folder: string;
let path: string;
let server: Server | undefined;
const sockets = new Set<Socket>();
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "auth-sockets-"));
  path = join(folder, "socket");
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve())));
  server = undefined;
  rmSync(folder, { recursive: true });
});

async function listening(serve: (socket: Socket) => void): Promise<void> {
  server = createServer((socket) => {
    sockets.add(socket.on("error", () => socket.destroy()));
    serve(socket);
  });
  await new Promise<void>((resolve) => server?.listen(path, resolve));
}

/** Asks saslauthd. */
const ask = (user = "joe", password = "secret") =>
  new Saslauthd({ socket: path, realm: "here.test", patience: 5000 }).check(user, password);

/** A saslauthd that answers with these octets. */
const answering = (...pieces: readonly string[]) =>
  listening((socket) => {
    socket.once("data", () => {
      for (const piece of pieces) socket.write(Buffer.from(piece, "latin1"));
    });
  });

describe("saslauthd", () => {
  test("is asked for user, password, service and realm", async () => {
    const heard: Buffer[] = [];
    await listening((socket) => {
      socket.on("data", (octets: Buffer) => {
        heard.push(octets);
        socket.write("\0\x02OK");
      });
    });
    expect(await ask()).toEqual({ kind: "known", value: true });
    expect(await ask("ann@there.test", "p\u00e4")).toEqual({ kind: "known", value: true });
    expect(heard.map((octets) => octets.toString("utf8"))).toEqual([
      "\0\x03joe\0\x06secret\0\x04smtp\0\x09here.test",
      "\0\x03ann\0\x03p\u00e4\0\x04smtp\0\x0athere.test",
    ]);
  });

  test.each([
    ["OK", ["\0\x02OK"], { kind: "known", value: true }],
    ["NO, in pieces", ["\0", "\x0eNO ", "it is wrong"], { kind: "known", value: false }],
    ["noise", ["\0\x05HELLO"], { kind: "unavailable" }],
  ])("%s", async (_name, pieces, outcome) => {
    await answering(...pieces);
    expect(await ask()).toMatchObject(outcome);
  });

  test("that is not there, or says nothing, cannot be asked", async () => {
    expect(await ask()).toMatchObject({ kind: "unavailable", reason: expect.stringContaining("ENOENT") });
    await listening((socket) => socket.once("data", () => socket.end()));
    expect(await ask()).toMatchObject({ kind: "unavailable", reason: expect.stringContaining("closed") });
  });

  test("a password that does not fit is wrong", async () => {
    expect(await ask("joe", "x".repeat(70_000))).toEqual({ kind: "known", value: false });
  });
});

describe("Dovecot", () => {
  const FACTS = { secure: true, clientAddress: "192.0.2.1", serverAddress: "192.0.2.2" };
  const HANDSHAKE = "VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nMECH\tANONYMOUS\nMECH\tLOGIN\nSPID\t1\nDONE\n";
  const reports: string[] = [];
  let authenticator: DovecotAuthenticator;
  beforeEach(() => {
    reports.splice(0);
    authenticator = new DovecotAuthenticator({ socket: path, report: (text) => reports.push(text) });
  });
  afterEach(() => authenticator.close());

  /** Says the handshake, then what `answers` has for each line of the client. */
  const speaking = (answers: (line: string, socket: Socket) => string | undefined, heard: string[] = []) =>
    listening((socket) => {
      socket.write(HANDSHAKE);
      socket.on("data", (octets: Buffer) => {
        for (const line of octets.toString("utf8").split("\n").slice(0, -1)) {
          heard.push(line);
          const answer = answers(line, socket);
          if (answer !== undefined) socket.write(`${answer}\n`);
        }
      });
    });

  test("offers what it has, without what SMTP has no use for", async () => {
    await speaking(() => undefined);
    expect(await authenticator.mechanisms(FACTS)).toEqual(["PLAIN", "LOGIN"]);
  });

  test("says yes and no, and asks on", async () => {
    const heard: string[] = [];
    await speaking((line) => {
      const [word, id, what] = line.split("\t");
      if (word === "AUTH" && what === "PLAIN")
        return line.endsWith("resp=AGo=") ? `OK\t${id}\tuser=j` : `FAIL\t${id}\tuser=x`;
      if (word === "AUTH") return `CONT\t${id}\t${Buffer.from("who?").toString("base64")}`;
      return word === "CONT" ? `FAIL\t${id}\ttemp` : undefined;
    }, heard);
    const plain = authenticator.start("PLAIN", FACTS);
    const yes = { kind: "accepted", identity: { user: "j", actAs: "j" } };
    expect(await plain.begin(Buffer.from("\0j"))).toEqual(yes);
    expect(await authenticator.start("PLAIN", FACTS).begin(Buffer.from("?"))).toEqual({ kind: "refused", user: "x" });
    const login = authenticator.start("LOGIN", { ...FACTS, secure: false });
    expect(await login.begin(undefined)).toEqual({ kind: "challenge", octets: Buffer.from("who?") });
    expect(await login.step(Buffer.from("j"))).toMatchObject({ kind: "unavailable" });
    expect(heard).toEqual([
      "VERSION\t1\t1",
      `CPID\t${process.pid}`,
      "AUTH\t1\tPLAIN\tservice=smtp\tlip=192.0.2.2\trip=192.0.2.1\tsecured\tresp=AGo=",
      "AUTH\t2\tPLAIN\tservice=smtp\tlip=192.0.2.2\trip=192.0.2.1\tsecured\tresp=Pw==",
      "AUTH\t3\tLOGIN\tservice=smtp\tlip=192.0.2.2\trip=192.0.2.1",
      "CONT\t3\tag==",
    ]);
  });

  test("answers of two exchanges are not mixed up", async () => {
    const held: string[] = [];
    await speaking((line, socket) => {
      const [word, id] = line.split("\t");
      if (word !== "AUTH") return undefined;
      held.unshift(`OK\t${id}\tuser=u${id}`);
      if (held.length === 2) socket.write(`${held.join("\n")}\n`);
      return undefined;
    });
    const [one, two] = [1, 2].map(() => authenticator.start("PLAIN", FACTS).begin(Buffer.from("x")));
    expect([await one, await two]).toMatchObject([{ identity: { user: "u1" } }, { identity: { user: "u2" } }]);
  });

  test("that goes away fails for now, and the next exchange finds it again", async () => {
    let goes = true;
    await speaking((line, socket) => {
      const [word, id] = line.split("\t");
      if (word !== "AUTH") return undefined;
      if (goes) socket.destroy();
      return goes ? undefined : `OK\t${id}\tuser=j`;
    });
    expect(await authenticator.start("PLAIN", FACTS).begin(Buffer.from("x"))).toMatchObject({ kind: "unavailable" });
    goes = false;
    expect(await authenticator.start("PLAIN", FACTS).begin(Buffer.from("x"))).toMatchObject({ kind: "accepted" });
  });

  test("that is not there offers nothing, and that is told once", async () => {
    expect(await authenticator.mechanisms(FACTS)).toEqual([]);
    expect(await authenticator.start("PLAIN", FACTS).begin(undefined)).toMatchObject({ kind: "unavailable" });
    expect(reports).toHaveLength(1);
    expect(reports[0]).toMatch(/ENOENT/);
  });

  test("of another version is not spoken to", async () => {
    await listening((socket) => socket.write("VERSION\t2\t0\nDONE\n"));
    expect(await authenticator.mechanisms(FACTS)).toEqual([]);
    expect(reports[0]).toMatch(/protocol version 2/);
  });

  test("any text goes through a field and back", async () => {
    await fuzz(200, (random) => {
      const text = Array.from({ length: random(20) }, () => String.fromCharCode(random(0x180))).join("");
      expect(parseDovecotLine(`OK\t1\t${escapeField(`user=${text}`)}`)).toEqual({ kind: "ok", id: "1", user: text });
    });
  });
});
