/**
 * The beginning of a session: who is it, may it talk to us, and the greeting.
 *
 * A refused client is not hung up on: it gets a 554 greeting and the same refusal to every command that moves mail
 * (RFC 5321 §3.1), as sendmail does it.
 */
import { isIPv6 } from "node:net";
import { rfc5322Date } from "../mail/date.ts";
import { reply } from "../mail/reply.ts";
import { type MaybePromise, whenReady } from "../sys/maybe-promise.ts";
import { replies } from "./replies.ts";
import { logJudgement } from "./session-log.ts";
import type { SmtpSession } from "./session.ts";

/** A client that would have to wait longer than this for its second (ConnectionRateThrottle) is sent away, ms. */
const LONGEST_QUEUE = 30_000;
/** Longest pause before the greeting that we honour, ms. */
const LONGEST_PAUSE = 5 * 60_000;

export function connect(session: SmtpSession): MaybePromise<void> {
  const { admission, services } = session;
  const wait = admission === undefined ? 0 : admission.wait(services.clock.now());
  if (admission?.isFull() === true || wait > LONGEST_QUEUE) {
    return session.finish(replies.tooManyConnections(session.hostName));
  }
  return wait > 0 ? session.pause(wait, () => identify(session)) : identify(session);
}

function identify(session: SmtpSession): MaybePromise<void> {
  return whenReady(session.services.identify(session.site, session.remoteAddress), (client) => {
    session.client = client;
    setClientMacros(session);
    return whenReady(judge(session), () => greet(session));
  });
}

function setClientMacros(session: SmtpSession): void {
  const { scope, client } = session;
  const address = isIPv6(session.remoteAddress) ? `IPv6:${session.remoteAddress}` : session.remoteAddress;
  const shown = `[${address}]`;
  session.relay = client.name === "" || client.name === shown ? shown : `${client.name} ${shown}`;
  scope.set("client_addr", address);
  scope.set("client_name", client.name);
  scope.set("client_ptr", client.ptr);
  scope.set("client_resolve", client.resolve);
  scope.set("client_port", String(session.remotePort));
  scope.set("daemon_port", String(session.localPort));
  scope.set("daemon_addr", session.localAddress);
  scope.set("if_addr", session.localAddress);
  scope.set("if_name", session.hostName);
  scope.set("s", client.name);
  scope.set("_", client.resolve === "FORGED" ? `${session.relay} (may be forged)` : session.relay);
  setDaemonMacros(session, daemonFlags(session.port.modifiers));
}

export function setDaemonMacros({ scope, port }: SmtpSession, flags: string): void {
  scope.set("daemon_name", port.name);
  scope.set("daemon_family", port.family);
  scope.set("daemon_flags", flags);
  scope.set("daemon_info", "accepting connections");
  scope.set("r", "SMTP");
}

/** Modifier letters as {daemon_flags} shows them: blanks between, upper case doubled. */
function daemonFlags(modifiers: ReadonlySet<string>): string {
  if (modifiers.size === 0) return "";
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
      logJudgement(session, "check_relay", [client.name, address], verdict, refusal);
      if (refusal !== undefined) {
        session.refusal = refusal;
        return undefined;
      }
      session.verdict = verdict;
      return whenReady(router.select("greet_pause", [client.name, address], scope), (text) => {
        const pause = Math.min(Number.parseInt(text ?? "", 10) || 0, LONGEST_PAUSE);
        return pause > 0 ? pauseFor(session, pause) : undefined;
      });
    });
  });
}

/** Waits before the greeting; whoever talks in the meantime is no mail server. */
async function pauseFor(session: SmtpSession, pause: number): Promise<void> {
  const socket = session._socket;
  const spoke =
    socket.bytesRead > 0 ||
    (await new Promise<boolean>((resolve) => {
      const over = (early: boolean): void => {
        cancel();
        socket.off("data", onData);
        socket.off("close", onClose);
        resolve(early);
      };
      const onData = (): void => over(true);
      const onClose = (): void => over(false);
      const cancel = session.services.clock.after(pause, () => over(false));
      socket.once("data", onData);
      socket.once("close", onClose);
    }));
  if (!spoke) return;
  session.refusal = replies.rejected;
  session.services.log.write(1, {
    priority: "notice",
    text: `rejecting commands from ${session.relay} due to pre-greeting traffic`,
  });
}

/** Says hello, or that it would be of no use. */
export function greet(session: SmtpSession): void {
  if (session._closed || session._closing) return undefined;
  const { refusal, hostName, config, scope } = session;
  if (session.isShuttingDown) return session.finish(replies.shuttingDown(hostName));
  if (refusal?.code === 421) return session.finish(refusal);
  session.open();
  if (refusal !== undefined) return session.reply(replies.notAccepting(hostName));
  scope.set("b", rfc5322Date(session.services.clock.now()));
  const text = config.expand(config.options.text("SmtpGreetingMessage"), scope);
  const [first, ...rest] = text.split(/\r?\n/);
  // "ESMTP" goes after the host name, the first word.
  const blank = first.search(/\s/);
  const marked = blank < 0 ? `${first} ESMTP` : `${first.slice(0, blank)} ESMTP${first.slice(blank)}`;
  return session.reply(reply(220, undefined, marked, ...rest));
}
