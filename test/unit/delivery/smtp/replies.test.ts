/** What each reply means for the recipients. */
import { type AddressInfo, createServer, type Socket } from "node:net";
import { Readable } from "node:stream";
import { describe, expect, test } from "@jest/globals";
import { testMessage } from "../../../support/delivery-job.ts";
import { closing } from "../../../support/closing.ts";
import { agent, sink, texts } from "../../../support/smtp-delivery.ts";
import { type SinkScript } from "../../../support/smtp-sink.ts";

function byRecipient({ line }: { readonly line: string }): string | undefined {
  if (line.includes("<no@")) return "550 5.1.1 no such user";
  return line.includes("<later@") ? "450 4.2.1 try\nlater" : undefined;
}

describe("replies", () => {
  for (const extensions of [["PIPELINING"], []]) {
    test(`each recipient has its own outcome ${extensions.length > 0 ? "with" : "without"} PIPELINING`, async () => {
      const server = await sink({ extensions, reply: byRecipient });
      const report = await agent(server.port)({ users: ["a@b.test", "no@b.test", "later@b.test", "z@b.test"] });
      expect(texts(report)).toEqual([
        "2.0.0 Sent (ok queued as 1)",
        "5.1.1 User unknown",
        "4.2.1 Deferred: 450 4.2.1 try later",
        "2.0.0 Sent (ok queued as 1)",
      ]);
      expect(report.statuses.get(1)).toMatchObject({
        action: "failed",
        diagnostic: { text: "550 5.1.1 no such user" },
      });
      expect(server.messages[0].recipients).toEqual(["a@b.test", "z@b.test"]);
    });

    test(`nobody accepted ends the transaction ${extensions.length > 0 ? "with" : "without"} PIPELINING`, async () => {
      const server = await sink({ extensions, reply: byRecipient });
      const deliver = agent(server.port);
      expect(texts(await deliver({ users: ["no@b.test"] }))).toEqual(["5.1.1 User unknown"]);
      expect(texts(await deliver())).toEqual(["2.0.0 Sent (ok queued as 1)"]);
      expect(server.connections).toBe(1);
      expect(server.commands).toContain("RSET");
    });
  }

  test("a server that takes DATA for nobody gets an empty message", async () => {
    const server = await sink({
      reply: ({ verb, line }) => (line.includes("<no@") ? "550 no" : verb === "DATA" ? "354 go on" : undefined),
    });
    const deliver = agent(server.port);
    expect(texts(await deliver({ users: ["no@b.test"] }))).toEqual(["5.1.1 User unknown"]);
    expect(texts(await deliver())[0]).toMatch(/^2\.0\.0 Sent/);
  });

  test.each([
    ["MAIL", "550 5.7.1 go away", "5.7.1 Service unavailable"],
    ["MAIL", "451 4.7.1 greylisted", "4.7.1 Deferred: 451 4.7.1 greylisted"],
    ["RCPT", "552 full", "5.2.2 Service unavailable"],
    ["DATA", "554 5.6.0 no", "5.6.0 Service unavailable"],
    ["DATA", "451 wait", "4.3.0 Deferred: 451 wait"],
    [".", "554 5.7.1 spam", "5.7.1 Service unavailable"],
    [".", "452 4.3.1 disk full", "4.3.1 Deferred: 452 4.3.1 disk full"],
    ["MAIL", "421 4.3.2 shutting down", "4.3.2 Deferred: 421 4.3.2 shutting down"],
    ["RCPT", "421 4.3.2 shutting down", "4.3.2 Deferred: 421 4.3.2 shutting down"],
    ["RCPT", "550 4.2.1 confused", "5.1.1 User unknown"],
  ])("%s answered with %j is %j", async (verb, reply, expected) => {
    const server = await sink({ reply: (command) => (command.verb === verb ? reply : undefined) });
    expect(texts(await agent(server.port)())).toEqual([expected]);
  });

  test("control characters of the peer do not reach log and reports", async () => {
    const server = await sink({ reply: ({ verb }) => (verb === "RCPT" ? "550 bad\x1b[31m\rthing" : undefined) });
    const status = (await agent(server.port)()).statuses.get(0);
    expect(status?.diagnostic?.text).toBe("550 bad [31m thing");
  });
});

describe("replies that are no answer", () => {
  test.each(["250 2.0.0 ok", "220 ready", "334 go on", "150 wait"])(
    "%j to DATA: the message was not taken, and is not sent as commands",
    async (reply) => {
      for (const flags of ["m", "mz"]) {
        const server = await sink({ reply: ({ verb }) => (verb === "DATA" ? reply : undefined) });
        const report = await agent(server.port, { flags })({ users: ["a@b.test", "c@b.test"] });
        const text = `4.5.0 Deferred: [127.0.0.1]: unexpected reply "${reply}" during DATA`;
        expect(texts(report)).toEqual([text, text]);
        expect(server.messages).toEqual([]);
        expect(server.commands.at(-1)).toBe("DATA");
      }
    },
  );

  test("a greeting that refuses with 2xx in its text is no delivery", async () => {
    const server = await sink({ reply: ({ verb }) => (verb === "CONNECT" ? "354 250 ok" : undefined) });
    expect((await agent(server.port)()).statuses.get(0)).toMatchObject({ action: "delayed", status: "4.5.0" });
  });

  test("a yes in the middle of a message is none to the whole of it", async () => {
    // The rest of the body is there when the connection has ended.
    const { promise: ended, resolve: go } = Promise.withResolvers<void>();
    const server = createServer((socket) => {
      socket.write("220 eager.test\r\n");
      socket.on("data", (chunk: Buffer) => {
        const text = chunk.toString("latin1");
        if (text.startsWith("EHLO") || /^(?:MAIL|RCPT)/.test(text)) socket.write("250 2.0.0 ok\r\n");
        else if (text.startsWith("DATA")) socket.write("354 go on\r\n");
        else if (text.includes("begin")) socket.write("250 2.0.0 thanks\r\n");
      });
      socket.on("close", () => go());
      socket.on("error", () => undefined);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closing.push(() => new Promise((resolve) => server.close(() => resolve())));
    const { port } = server.address() as { port: number };
    const message = {
      ...testMessage("begin\r\nend\r\n", false),
      stream: () =>
        Readable.from(
          (async function* () {
            yield Buffer.from("begin\r\n");
            await ended;
            yield Buffer.from("end\r\n");
          })(),
        ),
    };
    expect((await agent(port)({ message })).statuses.get(0)).toMatchObject({ action: "delayed", status: "4.5.0" });
  });
});

function thirdGets(reply: string): SinkScript {
  return { reply: ({ line }) => (/<[cd]@/.test(line) ? reply : undefined) };
}

describe("a refusal in the middle of a message", () => {
  test.each([true, false])("ends it, and the connection with it (body in memory: %s)", async (inMemory) => {
    let connections = 0;
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      connections++;
      sockets.push(socket);
      let inData = false;
      socket.write("220 full.test\r\n");
      socket.on("error", () => undefined);
      socket.on("data", (chunk: Buffer) => {
        const text = chunk.toString("latin1");
        if (inData) {
          // What else comes stays where it is.
          socket.pause();
          socket.write("552 5.3.4 too large\r\n");
        } else if (text.startsWith("DATA")) {
          inData = true;
          socket.write("354 go on\r\n");
        } else socket.write("250 2.0.0 ok\r\n");
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closing.push(async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    });
    const deliver = agent((server.address() as AddressInfo).port);
    const message = testMessage(Buffer.alloc(30_000_000, `${"x".repeat(70)}\r\n`), inMemory);
    for (let count = 1; count <= 2; count++) {
      expect(texts(await deliver({ message }))).toEqual(["5.3.4 Service unavailable"]);
      expect(connections).toBe(count);
    }
  });
});

describe("too many recipients", () => {
  const users = ["a@b.test", "b@b.test", "c@b.test", "d@b.test"];

  test.each([
    ["552 too many recipients", "4.5.3 Deferred: 552 too many recipients"],
    ["552 5.5.3 too many recipients", "4.5.3 Deferred: 552 5.5.3 too many recipients"],
    ["452 4.5.3 too many recipients", "4.5.3 Deferred: 452 4.5.3 too many recipients"],
    ["552 5.2.2 mailbox full", "5.2.2 Service unavailable"],
    ["553 no such user", "5.1.3 User unknown"],
  ])("%j behind accepted ones is %j", async (reply, expected) => {
    const server = await sink(thirdGets(reply));
    const found = texts(await agent(server.port)({ users }));
    expect(found).toEqual([...Array<string>(2).fill("2.0.0 Sent (ok queued as 1)"), expected, expected]);
  });

  test("552 to the first one is about that one", async () => {
    const server = await sink(thirdGets("552 too much"));
    expect(texts(await agent(server.port)({ users: ["c@b.test"] }))).toEqual(["5.2.2 Service unavailable"]);
  });

  test("a reply with both meanings is the same behind a pipelined and a plain RCPT", async () => {
    const server = await sink({ ...thirdGets("552 too many"), extensions: [] });
    const found = texts(await agent(server.port)({ users }));
    expect(found.slice(2)).toEqual(Array(2).fill("4.5.3 Deferred: 552 too many"));
  });
});
