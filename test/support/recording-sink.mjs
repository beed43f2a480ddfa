/**
 * SMTP servers that write down what they are told: `node recording-sink.mjs FOLDER PORT "EXTENSION,EXTENSION" ...`, one for each
 * pair; ADDRESS:PORT for another address than 127.0.0.1. Each transaction becomes a file of FOLDER, named by its recipient: the
 * commands, an empty line, the message as it came.
 */
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";

const [folder, ...pairs] = process.argv.slice(2);

function serve(place, extensions) {
  const [port, address = "127.0.0.1"] = place.split(":").toReversed();
  const hello = ["sink.test", ...extensions].map((line, at) => `250${at === extensions.length ? " " : "-"}${line}\r\n`);
  return new Promise((ready) =>
    createServer((socket) => converse(socket, hello.join(""))).listen(Number(port), address, ready),
  );
}

function converse(socket, hello) {
  let pending = "";
  let said = [];
  let inMessage = false;
  const answer = (line) => {
    const verb = line.slice(0, 4).toUpperCase();
    if (verb === "QUIT") return socket.end("221 bye\r\n");
    if (verb === "EHLO") return socket.write(hello);
    if (["MAIL", "RCPT"].includes(verb)) said.push(line);
    inMessage = verb === "DATA";
    socket.write(inMessage ? "354 go on\r\n" : "250 2.0.0 ok\r\n");
  };
  const take = (message) => {
    const name = /RCPT TO:<"?([\w.]+)/i.exec(said.find((line) => /^RCPT/i.test(line)) ?? "")?.[1] ?? "unknown";
    writeFileSync(join(folder, name), `${said.join("\n")}\n\n${message}`, "latin1");
    [said, inMessage] = [[], false];
    socket.write("250 2.0.0 taken\r\n");
  };
  socket.on("error", () => socket.destroy());
  socket.setEncoding("latin1").on("data", (text) => {
    pending += text;
    for (;;) {
      const end = inMessage ? pending.search(/(?:^|\r\n)\.\r\n/) : pending.indexOf("\r\n");
      if (end === -1) return;
      const line = pending.slice(0, end);
      const rest = inMessage && pending.startsWith(".\r\n") ? 3 : inMessage ? end + 5 : end + 2;
      pending = pending.slice(rest);
      if (inMessage) take(rest === 3 ? "" : `${line}\r\n`);
      else answer(line);
    }
  });
  socket.write("220 sink.test ESMTP\r\n");
}

for (let at = 0; at < pairs.length; at += 2) await serve(pairs[at], pairs[at + 1].split(","));
writeFileSync(join(folder, "ready"), "");
