/** `good-client.ts PORT SECONDS`: mail as fast as the server takes it, from an address of its own; prints how it went as JSON. */
import { generate } from "../generator.ts";

const [port, seconds] = process.argv.slice(2).map(Number);
const result = await generate({
  port,
  localAddress: "127.2.0.1",
  sessions: 20,
  messages: Infinity,
  seconds,
  size: 1024,
  perConnection: 1,
  sender: "load@sender.test",
  recipient: "alice@mail.example.test",
});
console.log(JSON.stringify(result));
