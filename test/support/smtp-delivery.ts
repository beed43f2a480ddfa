/** The SMTP agent with one mailer and one configuration, and the servers that it delivers to; all end with the test. */
import { createServer } from "node:net";
import type { Job, Report } from "../../src/delivery/agent.ts";
import { createAgents } from "../../src/delivery/agents.ts";
import type { DeliveryEnvironment } from "../../src/delivery/environment.ts";
import { closing } from "./closing.ts";
import { type JobValues, testEnvironment, testJob, testMailer, type Zone } from "./delivery-job.ts";
import { SmtpSink, type SinkScript } from "./smtp-sink.ts";

/** @param port 0 for a free one */
export async function sink(script?: SinkScript, port = 0): Promise<SmtpSink> {
  const started = await SmtpSink.start(script, port);
  closing.push(() => started.close());
  return started;
}

/** One sink at 127.0.0.1, one at 127.0.0.2, both with one port: another program may have it at one of them. */
export async function sinkPair(first?: SinkScript, second?: SinkScript): Promise<readonly [SmtpSink, SmtpSink]> {
  for (let tries = 0; ; tries++) {
    const one = await SmtpSink.start({ ...first, host: "127.0.0.1" });
    try {
      const two = await SmtpSink.start({ ...second, host: "127.0.0.2" }, one.port);
      closing.push(
        () => one.close(),
        () => two.close(),
      );
      return [one, two];
    } catch (error) {
      await one.close();
      if (tries > 20) throw error;
    }
  }
}

export type Deliver = (values?: JobValues) => Promise<Report>;

/** Delivers to `port` of 127.0.0.1, whatever the host; with `zone`, to the hosts it names. */
export function agent(
  port: number,
  values: Partial<DeliveryEnvironment> & { zone?: Zone; flags?: string } = {},
): Deliver {
  const { flags, ...rest } = values;
  const agents = createAgents(testEnvironment(rest));
  closing.push(() => agents.close());
  const argv = ["TCP", values.zone === undefined ? "[127.0.0.1]" : "$h", String(port)];
  const mailer = testMailer({ argv, ...(flags === undefined ? {} : { flags }) });
  return (job = {}) => {
    const made: Job = testJob({ mailer, ...job });
    return agents.agentFor(made.mailer).deliver(made);
  };
}

/** "2.0.0 Sent (ok)" for each recipient, in their order. */
export function texts(report: Report): string[] {
  return [...report.statuses].toSorted(([a], [b]) => a - b).map(([, { status, text }]) => `${status} ${text}`);
}

/** A port of 127.0.0.1 where nothing listens. */
export async function unusedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
