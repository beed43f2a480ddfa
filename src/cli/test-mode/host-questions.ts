/** /mx and /canon. */
import type { TestSession } from "./session.ts";

export async function mailExchangers(session: TestSession, host: string): Promise<void> {
  if (host === "") return session.say("Usage: /mx address");
  session.say(`getmxrr(${host}) returns 0 value(s):`);
}

export async function canonicalName(session: TestSession, host: string): Promise<void> {
  if (host === "") return session.say("Usage: /canon address");
  session.say(`getcanonname(${host}) returns ${host}`);
}
