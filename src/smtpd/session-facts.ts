/** What is told of a session that is open. */
import type { SessionFacts } from "../reception/session-facts.ts";
import type { Conversation } from "./conversation.ts";

type Told = Pick<Conversation, "port" | "relay" | "began" | "secure" | "scope" | "login">;

export function sessionFacts({ port, relay, began, secure, scope, login }: Told): SessionFacts {
  const macro = (name: string): string => scope.get(name) ?? "";
  const tls = { version: macro("tls_version"), cipher: macro("cipher"), verify: macro("verify") };
  return { port: port.name, relay, since: began, ...(secure && { tls }), ...(login !== undefined && { login }) };
}
