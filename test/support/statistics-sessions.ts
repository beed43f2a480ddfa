/** Sessions with the server at port 2600, for test/peers/statistics.test.ts: run inside, with a genuine sendmail there or ours. */
import { once } from "node:events";
import { connect } from "node:net";
import { createInterface } from "node:readline";

const MAIL = "MAIL FROM:<ann@a.test>";
const MESSAGE = "Subject: x\r\n\r\nx\r\n.";
const LONG = `Subject: x\r\n\r\n${"0123456789\r\n".repeat(300)}.`;

const SESSIONS: readonly (readonly string[])[] = [
  [],
  [MAIL, "RCPT TO:<joe>", "DATA", MESSAGE],
  [MAIL, "RCPT TO:<joe>", "RCPT TO:<bob>", "RCPT TO:<one>", "RCPT TO:<two>", "DATA", LONG],
  [MAIL, "RCPT TO:<joe>", "DATA", MESSAGE, "MAIL FROM:<joe>", "RCPT TO:<bob>", "DATA", MESSAGE],
  ["MAIL FROM:<>", "RCPT TO:<joe>", "DATA", MESSAGE],
  [MAIL, "RCPT TO:<refused@rules.test>"],
  ["MAIL FROM:<ann@refused.test>", "MAIL FROM:<ann@refused.test>"],
  ["MAIL FROM:<ann@later.test>"],
  [MAIL, "RCPT TO:<joe>", "DATA", MESSAGE, "MAIL FROM:<ann@refused.test>"],
  [MAIL, "RCPT TO:<rr>", "RCPT TO:<rr>", "RSET", MAIL, "RCPT TO:<rr>"],
  [MAIL, "RCPT TO:<rr>", "RCPT TO:<joe>", "DATA", MESSAGE],
  ["MAIL FROM:<joe>", "RCPT TO:<rr>"],
  ["MAIL FROM:<ann@discard.test>", "RCPT TO:<joe>", "DATA", MESSAGE],
  [MAIL, "RCPT TO:<rd>", "DATA", MESSAGE, MAIL, "RCPT TO:<rd>", "DATA", MESSAGE],
  ["MAIL FROM:<ann@quarantine.test>", "RCPT TO:<joe>", "DATA", MESSAGE],
  [MAIL, "RCPT TO:<joe>", "DATA", "Subject: refused\r\n\r\nx\r\n."],
  [MAIL, "RCPT TO:<joe>", "DATA", "Subject: discarded\r\n\r\nx\r\n."],
  [MAIL, "RCPT TO:<joe>", "DATA", "Subject: odd\r\n\r\nx\r\n."],
  ["VRFY joe", "NONSENSE"],
];

for (const commands of SESSIONS) {
  const socket = connect(2600, "127.0.0.1");
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  const answer = async (): Promise<void> => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done === true || value[3] !== "-") return;
    }
  };
  await answer();
  for (const command of ["HELO client.test", ...commands, "QUIT"]) {
    socket.write(`${command}\r\n`);
    await answer();
  }
  socket.end();
  await once(socket, "close");
}
