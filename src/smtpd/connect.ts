/**
 * The beginning of a session: who is it, may it talk to us, and the greeting.
 *
 * A refused client is not hung up on: it gets a 554 greeting and the same refusal to every command that moves mail
 * (RFC 5321 §3.1), as sendmail does it.
 */
import { isIPv6 } from "node:net";
import { reply } from "../mail/reply.ts";
import { whenReady, type MaybePromise } from "../sys/maybe-promise.ts";
import { replies } from "./replies.ts";
import type { SmtpSession } from "./session.ts";

export function connect(session: SmtpSession): MaybePromise<void> {
  const children = session.config.options.number("MaxDaemonChildren");
  if (children > 0 && session._server.connections.size > children) {
    return session.finish(replies.tooManyConnections(session.hostName));
  }
  return whenReady(session.services.identify(session.remoteAddress), (client) => {
    session.client = client;
    setClientMacros(session);
    return whenReady(judge(session), () => greet(session));
  });
}

function setClientMacros(session: SmtpSession): void {
  const { scope, client, port } = session;
  const address = isIPv6(session.remoteAddress) ? `IPv6:${session.remoteAddress}` : session.remoteAddress;
  scope.set("client_addr", address);
  scope.set("client_name", client.name);
  scope.set("client_ptr", client.ptr);
  scope.set("client_resolve", client.resolve);
  scope.set("client_port", String(session.remotePort));
  scope.set("daemon_name", port.name);
  scope.set("daemon_addr", session.localAddress);
  scope.set("daemon_port", String(session.localPort));
  scope.set("daemon_family", port.family);
  scope.set("daemon_flags", daemonFlags(port.modifiers));
  scope.set("daemon_info", "accepting connections");
  scope.set("if_addr", session.localAddress);
  scope.set("if_name", session.hostName);
  scope.set("r", "SMTP");
  scope.set("s", client.name);
  scope.set(
    "_",
    `${client.name === `[${address}]` ? "" : `${client.name} `}[${address}]${client.resolve === "FORGED" ? " (may be forged)" : ""}`,
  );
}

/** Modifier letters as {daemon_flags} shows them: blanks between, upper case doubled. */
function daemonFlags(modifiers: ReadonlySet<string>): string {
  return [...modifiers].map((letter) => (/[A-Z]/.test(letter) ? letter + letter : letter)).join(" ");
}

/** srv_features, check_relay, then greet_pause. */
function judge(session: SmtpSession): MaybePromise<void> {
  const { router, scope, client } = session;
  const address = scope.get("client_addr") ?? "";
  return whenReady(router.select("srv_features", [client.name], scope), (features) => {
    session.features = features ?? "";
    return whenReady(router.check("check_relay", [client.name, address], scope), (verdict) => {
      const refusal = session.refusalOf(verdict);
      if (refusal !== undefined) {
        session.logRejection("check_relay", client.name, refusal);
        session.refusal = refusal;
        return undefined;
      }
      return whenReady(router.select("greet_pause", [client.name, address], scope), (pause) => wait(session, pause));
    });
  });
}

/** Longest pause before the greeting that we honour, ms. */
const LONGEST_PAUSE = 5 * 60_000;

/** Waits before the greeting; whoever talks in the meantime is no mail server. */
async function pauseFor(session: SmtpSession, pause: number): Promise<void> {
  const spoke = await new Promise<boolean>((resolve) => {
    const early = (): void => {
      cancel();
      resolve(true);
    };
    const cancel = session.services.clock.after(pause, () => {
      session._socket.off("data", early);
      resolve(false);
    });
    session._socket.once("data", early);
    session._socket.once("close", early);
  });
  if (!spoke) return;
  session.refusal = reply(550, "5.0.0", "Command rejected");
  session.services.log.write(1, {
    priority: "notice",
    text: `rejecting commands from ${session.relay} due to pre-greeting traffic`,
  });
}

function wait(session: SmtpSession, pause: string | undefined): MaybePromise<void> {
  const ms = Math.min(Number.parseInt(pause ?? "", 10) || 0, LONGEST_PAUSE);
  return ms > 0 ? pauseFor(session, ms) : undefined;
}

function greet(session: SmtpSession): void {
  if (session._closed) return;
  session._ready = true;
  const { refusal, hostName, config, scope } = session;
  if (refusal?.code === 421) return session.finish(refusal);
  if (refusal !== undefined) return session.reply(replies.notAccepting(hostName));
  scope.set("b", new Date(session.services.clock.now()).toUTCString());
  const text = config.expand(config.options.text("SmtpGreetingMessage"), scope);
  const [first, ...rest] = text.split(/\r?\n/);
  // "ESMTP" goes after the host name, the first word.
  const blank = first.search(/\s/);
  const marked = blank < 0 ? `${first} ESMTP` : `${first.slice(0, blank)} ESMTP${first.slice(blank)}`;
  return session.reply(reply(220, undefined, marked, ...rest));
}
