/** A plain SMTP client for tests: sends lines, waits for whole replies. */
import { connect, type Socket } from "node:net";

export class SmtpClient {
  readonly #socket: Socket;
  #received = "";
  #ended = false;
  #wake: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding("latin1");
    socket.setNoDelay(true);
    socket.on("data", (text: string) => {
      this.#received += text;
      this.#wake();
    });
    const end = (): void => {
      this.#ended = true;
      this.#wake();
    };
    socket.on("close", end);
    socket.on("error", end);
  }

  /** Connects and reads the greeting. */
  static async open(
    port: number,
    host = "127.0.0.1",
    localAddress?: string,
  ): Promise<{ client: SmtpClient; greeting: string }> {
    const socket = connect({ port, host, ...(localAddress === undefined ? {} : { localAddress }) });
    const client = new SmtpClient(socket);
    const greeting = await client.reply();
    return { client, greeting };
  }

  /** The next reply, lines joined by \n; "" when the connection ended. */
  async reply(): Promise<string> {
    for (;;) {
      const whole = /^(?:\d{3}-[^\r]*\r\n)*\d{3}(?: [^\r]*)?\r\n/.exec(this.#received);
      if (whole) {
        this.#received = this.#received.slice(whole[0].length);
        return whole[0].trimEnd().replaceAll("\r\n", "\n");
      }
      if (this.#ended) return "";
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  write(octets: string | Buffer): void {
    this.#socket.write(typeof octets === "string" ? Buffer.from(octets, "latin1") : octets);
  }

  /** Sends one line and returns its reply. */
  command(line: string): Promise<string> {
    this.write(`${line}\r\n`);
    return this.reply();
  }

  /** One message; returns the reply to its end, or the first reply that refused something. */
  async send(from: string, to: readonly string[], message: string | Buffer): Promise<string> {
    const mail = await this.command(`MAIL FROM:<${from}>`);
    if (!mail.startsWith("2")) return mail;
    let accepted = 0;
    let refused = "";
    for (const recipient of to) {
      const answer = await this.command(`RCPT TO:<${recipient}>`);
      if (answer.startsWith("2")) accepted++;
      else refused ||= answer;
    }
    if (accepted === 0) return refused;
    const data = await this.command("DATA");
    if (!data.startsWith("354")) return data;
    const octets = typeof message === "string" ? Buffer.from(message, "latin1") : message;
    this.write(Buffer.from(`${octets.toString("latin1").replace(/^\./gm, "..")}\r\n.\r\n`, "latin1"));
    return this.reply();
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** Connects, says EHLO, sends one message, says QUIT. */
export async function sendMail(
  port: number,
  from: string,
  to: readonly string[],
  message: string | Buffer,
): Promise<string> {
  const { client } = await SmtpClient.open(port);
  try {
    await client.command("EHLO client.test");
    const answer = await client.send(from, to, message);
    await client.command("QUIT");
    return answer;
  } finally {
    client.close();
  }
}
