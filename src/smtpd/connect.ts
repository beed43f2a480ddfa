/**
 * The beginning of a session: who is it, may it talk to us, and the greeting.
 *
 * A refused client is not hung up on: it gets the same refusal to every command that moves mail, as sendmail does it; the
 * greeting is a 554 (RFC 5321 §3.1) only for who talked before it.
 */
import type { PortOptions } from "../config/config.ts";
import { flagLetters } from "../config/daemon-ports.ts";
import { rfc5322Date } from "../mail/date.ts";
import { reply } from "../mail/reply.ts";
import { judge } from "../reception/judges.ts";
import { familyNumber, isLoopback, spelledOut, taggedAddress } from "../sys/ip-address.ts";
import { type MaybePromise, whenReady } from "../sys/maybe-promise.ts";
import type { Answer, MaybeAnswer } from "./answer.ts";
import type { Conversation } from "./conversation.ts";
import { readFeatures } from "./features.ts";
import { isLocal } from "./listen.ts";
import { replies } from "./replies.ts";
import { encryptAtOnce } from "./starttls.ts";
import type { ClientIdentity } from "./services.ts";

/** A client that would have to wait longer than this for its second (ConnectionRateThrottle) is sent away, ms. */
const LONGEST_QUEUE = 30_000;
/** Longest pause before the greeting that we honour, ms. */
const LONGEST_PAUSE = 5 * 60_000;

export function connect(session: Conversation): MaybeAnswer {
  const { admission, services, settings, site } = session;
  site.statistics.connection("from");
  if (admission === undefined) return identify(session);
  if (admission.isBusy(services.clock.now())) return { last: replies.tooBusy(settings.hostName) };
  return whenReady(admission.wait(services.clock.now()), (wait) =>
    whenReady(admission.isFull(), (isFull) => {
      if (isFull || wait > LONGEST_QUEUE) return { last: replies.tooManyConnections(settings.hostName) };
      return wait > 0 ? session.pause(wait, () => identify(session)) : identify(session);
    }),
  );
}

/** A client of this machine, at a unix socket (Family=local). */
const LOCAL_CLIENT: ClientIdentity = { name: "localhost", ptr: "localhost", resolve: "OK" };
/** What sendmail has as the address of such a client. */
const LOCAL_ADDRESS = "[UNIX: localhost]";

/**
 * The session begins, or begins anew as that of another client (XCLIENT).
 * @param known who it is, where that was said
 */
export function identify(session: Conversation, known?: ClientIdentity): MaybeAnswer {
  const { services, site, remoteAddress } = session;
  const client = known ?? (isLocal(session.port) ? LOCAL_CLIENT : services.identify(site, remoteAddress));
  const interfaceName = nameOfInterface(session);
  return whenReady(client, (found) =>
    whenReady(interfaceName, (name) => {
      session.scope.set("if_name", name);
      return welcome(session, found);
    }),
  );
}

/** Of our end of the connection. */
function nameOfInterface({ services, settings, site, port, localAddress }: Conversation): MaybePromise<string> {
  if (isLocal(port)) return `[[UNIX: ${port.address}]]`;
  return services.ownName?.(site, localAddress) ?? settings.hostName;
}

function welcome(session: Conversation, answer: ClientIdentity): MaybeAnswer {
  const found = asWritten(session, answer);
  setClientMacros(session, found);
  return whenReady(admit(session, found), () =>
    whenReady(encryptAtOnce(session), (goesOn) =>
      goesOn ? whenReady(hold(session, found), () => greet(session)) : undefined,
    ),
  );
}

function shownAddress({ port, remoteAddress, settings }: Conversation): string {
  return isLocal(port) ? LOCAL_ADDRESS : written(remoteAddress, settings);
}

function written(address: string, { isIpv6Short }: Conversation["settings"]): string {
  return taggedAddress(isIpv6Short ? address : spelledOut(address));
}

/** Who has no name is called by the address, as macros write it. */
function asWritten(session: Conversation, client: ClientIdentity): ClientIdentity {
  const { remoteAddress } = session;
  if (!remoteAddress.includes(":")) return client;
  const plain = `[${taggedAddress(remoteAddress)}]`;
  const shown = (name: string): string => (name === plain ? `[${shownAddress(session)}]` : name);
  return { ...client, name: shown(client.name), ptr: shown(client.ptr) };
}

function setClientMacros(session: Conversation, client: ClientIdentity): void {
  const { scope, whole, visit } = session;
  const address = shownAddress(session);
  const shown = `[${address}]`;
  const isForged = client.resolve === "FORGED";
  const name = isForged ? client.ptr : client.name;
  const relay = name === "" || name === shown ? shown : `${name} ${shown}`;
  whole.client.relay = isForged ? `${relay} (may be forged)` : relay;
  scope.set("client_addr", address);
  scope.set("client_name", client.name);
  scope.set("client_ptr", client.ptr);
  scope.set("client_resolve", client.resolve);
  scope.set("client_port", String(session.remotePort));
  scope.set("client_connections", String(visit.connections));
  scope.set("client_rate", String(visit.rate));
  scope.set("total_rate", String(visit.totalRate));
  scope.set("daemon_port", String(session.localPort));
  setInterfaceMacros(session);
  scope.set("s", client.name);
  scope.set("_", session.relay);
  setDaemonMacros(session, flagLetters(session.port.modifiers));
}

/** Manual §5.2: {if_addr} and {if_family} are not there on loopback. */
function setInterfaceMacros({ scope, port, localAddress, settings }: Conversation): void {
  const own = isLocal(port) ? `[UNIX: ${port.address}]` : localAddress;
  scope.set("daemon_addr", own);
  const isSilent = isLocal(port) || isLoopback(own);
  scope.set("if_addr", isLocal(port) ? own : isSilent ? undefined : written(own, settings));
  scope.set("if_family", isSilent ? undefined : familyNumber(own));
}

export function setDaemonMacros(
  { scope, port, services }: Pick<Conversation, "scope" | "port" | "services">,
  flags: string,
): void {
  scope.set("daemon_name", port.name);
  scope.set("daemon_family", port.family);
  scope.set("daemon_flags", flags);
  const { queueInterval } = services;
  scope.set("daemon_info", queueInterval === undefined ? "SMTP" : `SMTP+queueing@${clockTime(queueInterval)}`);
  scope.set("r", "SMTP");
}

/** "00:30:00" */
function clockTime(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  return [seconds / 3600, (seconds / 60) % 60, seconds % 60]
    .map((part) => String(Math.floor(part)).padStart(2, "0"))
    .join(":");
}

/** srv_features, then the judges of the connect stage. */
function admit(session: Conversation, { name }: ClientIdentity): MaybePromise<void> {
  const { scope, services, whole } = session;
  const address = scope.get("client_addr") ?? "";
  return whenReady(offerFeatures(session, name), () => {
    if (session.features.isTemporary) return session.turnAway(replies.featuresUnknown);
    whole.useFilters(services.filters?.(session.site, session.port));
    return whenReady(judge(services, "connect", whole, { name, address }), (outcome) => {
      if (outcome.kind === "out") session.turnAway(outcome.reply);
    });
  });
}

/** greet_pause: inside TLS where that comes first, because a handshake is no talk. */
function hold(session: Conversation, { name }: ClientIdentity): MaybePromise<void> {
  const { site, scope, refusal } = session;
  if (refusal !== undefined) return undefined;
  return whenReady(site.rules.select("greet_pause", [name, scope.get("client_addr") ?? ""], scope), (text) => {
    const pause = Math.min(Number.parseInt(text ?? "", 10) || 0, LONGEST_PAUSE);
    return pause > 0 ? pauseFor(session, pause) : undefined;
  });
}

/** @param client its name, as srv_features is asked about it */
export function offerFeatures(session: Conversation, client: string): MaybePromise<void> {
  const { site, settings, services, relay } = session;
  return whenReady(site.rules.select("srv_features", [client], session.scope), (letters) => {
    const features = readFeatures(session, letters);
    if (features.isTemporary) {
      const text = `ERROR: srv_features=tempfail, relay=${relay}, access temporarily disabled`;
      services.log.write(1, { priority: "err", text });
    }
    // There is no TLS where there is no port (-bs).
    if (!settings.tlsConfigured || session.admission === undefined) return session.offer(features);
    return whenReady(services.tls.context(site.config), (context) =>
      session.offer(features, context.kind === "context" ? context : undefined),
    );
  });
}

/** Waits before the greeting; whoever talks in the meantime is no mail server. */
async function pauseFor(session: Conversation, pause: number): Promise<void> {
  const { clock } = session.services;
  const began = clock.now();
  if (!(await session.isSpokenTo(pause))) return;
  session.turnAway(replies.rejected);
  const { scope, services } = session;
  // Unlike relay=, both parts also where the name is the address.
  const client = `${scope.get("client_name") ?? ""} [${scope.get("client_addr") ?? ""}]`;
  const seconds = Math.round((clock.now() - began) / 1000);
  services.log.write(1, {
    priority: "notice",
    text: `rejecting commands from ${client} due to pre-greeting traffic after ${seconds} seconds`,
  });
}

/** Says hello, or that it would be of no use. */
export function greet(session: Conversation): Answer | undefined {
  if (session.isOver) return undefined;
  const { refusal, settings, site, scope } = session;
  const { hostName } = settings;
  if (session.isShuttingDown) return { last: replies.shuttingDown(hostName) };
  if (refusal?.code === 421) return refusal;
  const begin = (): void => session.open();
  if (refusal === replies.rejected) return { reply: replies.notAccepting(hostName), begin };
  scope.set("b", rfc5322Date(session.services.clock.now()));
  const { config } = site;
  const text = config.expand(config.options.text("SmtpGreetingMessage"), scope);
  const [first, ...rest] = text.split(/\r?\n/);
  // "ESMTP" goes after the host name, the first word.
  const blank = first.search(/\s/);
  const marked = blank < 0 ? `${first} ESMTP` : `${first.slice(0, blank)} ESMTP${first.slice(blank)}`;
  return { reply: reply(220, undefined, marked, ...rest), begin };
}

/** {deliveryMode} when the port has D=. */
export function sessionMacros({ extra }: Pick<PortOptions, "extra">): readonly (readonly [string, string])[] {
  const mode = extra.get("deliverymode");
  return mode === undefined ? [] : [["deliveryMode", mode]];
}
