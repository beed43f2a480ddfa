/**
 * A delivery program for tests that speaks LMTP on its standard input and output, as `mail.local -l` does: notes in the file that
 * its argument names who it runs as, and each recipient with the size of the message.
 */
import { appendFileSync } from "node:fs";
import { createInterface } from "node:readline";

const [, , file] = process.argv;
const note = (text) => appendFileSync(file, `${text}\n`);
const say = (text) => process.stdout.write(`${text}\r\n`);
note(`uid ${process.getuid()} gid ${process.getgid()} groups ${process.getgroups().toSorted().join(",")}`);
note(`PATH ${process.env.PATH}`);

let recipients = [];
let size = -1;
say("220 test LMTP");
for await (const line of createInterface({ input: process.stdin })) {
  if (size >= 0) {
    if (line !== ".") size += line.length;
    else {
      for (const each of recipients) {
        note(`${each} ${size}`);
        say("250 2.1.5 ok");
      }
      size = -1;
    }
    continue;
  }
  const verb = line.slice(0, 4).toUpperCase();
  if (verb === "MAIL") recipients = [];
  if (verb === "RCPT") recipients.push(/<([^@>]*)/.exec(line)?.[1]);
  if (verb === "DATA") size = 0;
  say(verb === "DATA" ? "354 go on" : verb === "QUIT" ? "221 bye" : "250 2.0.0 ok");
  if (verb === "QUIT") break;
}
process.exit(0);
