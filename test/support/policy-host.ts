/** An HTTPS server on loopback that has a policy of MTA-STS, or says something else. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { LEAF_KEY, LINE_INTERMEDIATE, POLICY_HOST } from "./line-certificates.ts";
import { closing } from "./closing.ts";

export interface PolicyHost {
  readonly port: number;
  /** What it says: the text of a policy, or something else altogether. */
  say: string | ((request: IncomingMessage, response: ServerResponse) => void);
  /** "mta-sts.b.test GET /.well-known/mta-sts.txt" */
  readonly asked: string[];
}

export async function policyHost(say: PolicyHost["say"], certificate = POLICY_HOST): Promise<PolicyHost> {
  const asked: string[] = [];
  const tls = { cert: `${certificate}\n${LINE_INTERMEDIATE}`, key: LEAF_KEY };
  const server = createServer(tls, (request, response) => {
    const { servername } = request.socket as unknown as { readonly servername: string };
    asked.push(`${servername} ${request.method} ${request.url}`);
    if (typeof host.say !== "string") return host.say(request, response);
    response.writeHead(200, { "Content-Type": "text/plain" });
    response.end(host.say);
  });
  server.on("tlsClientError", () => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const host: PolicyHost = { port: (server.address() as AddressInfo).port, say, asked };
  return host;
}

/** A policy as it is published. */
export function policyText(mode: string, mx = "mx.b.test", maxAge = 86_400): string {
  return `version: STSv1\nmode: ${mode}\nmx: ${mx}\nmax_age: ${maxAge}\n`;
}
