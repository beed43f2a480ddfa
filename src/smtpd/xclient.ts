/**
 * XCLIENT (as Postfix documents it): a host of the option XclientHosts says for whom it speaks, and the session begins anew
 * as that client's: check_relay and all that follows judges the client, the log and Received name it.
 *
 *     XCLIENT NAME=mail.example.com ADDR=192.0.2.7 PROTO=ESMTP HELO=mail.example.com LOGIN=joe
 */
import { isIP } from "node:net";
import type { Reply } from "../mail/reply.ts";
import { decodeXtext } from "../mail/xtext.ts";
import { type MaybePromise, whenReady } from "../sys/maybe-promise.ts";
import type { MaybeAnswer } from "./answer.ts";
import { protocolName, signInByWord, signOut } from "./auth.ts";
import { identify } from "./connect.ts";
import type { Conversation, Ends } from "./conversation.ts";
import { replies } from "./replies.ts";
import type { ClientIdentity } from "./services.ts";

const ATTRIBUTES = ["NAME", "ADDR", "PORT", "PROTO", "HELO", "LOGIN", "DESTADDR", "DESTPORT"] as const;
type Attribute = (typeof ATTRIBUTES)[number];

/** The keyword of EHLO; undefined for everybody who may not. */
export function xclientKeyword(session: Conversation): string | undefined {
  return mayXclient(session) ? `XCLIENT ${ATTRIBUTES.join(" ")}` : undefined;
}

function mayXclient({ settings, visit, secure }: Conversation): boolean {
  return !secure && settings.xclients.has(visit.address);
}

export function xclient(session: Conversation, argument: string): MaybeAnswer {
  if (session.refusal !== undefined) return session.refusal;
  if (!mayXclient(session)) return replies.xclientRefused;
  if (session.transaction !== undefined) return replies.xclientInTransaction;
  const said = readAttributes(argument);
  if (typeof said === "string") return replies.xclientSyntax(said);
  const ends = endsOf(said);
  if (typeof ends === "string") return replies.xclientSyntax(ends);
  session.speaksFor(ends);
  signOut(session);
  const helo = known(said.get("HELO"));
  session.introduced(helo, said.get("PROTO")?.toUpperCase() === "ESMTP");
  return whenReady(identify(session, identityOf(said.get("NAME"), session.remoteAddress)), (answer) =>
    whenReady(signInAs(session, known(said.get("LOGIN"))), (refusal) => {
      if (helo !== undefined) {
        session.scope.set("s", helo);
        session.scope.set("r", protocolName(session));
      }
      return refusal ?? answer;
    }),
  );
}

function signInAs(session: Conversation, user: string | undefined): MaybePromise<Reply | undefined> {
  return user === undefined || session.refusal !== undefined ? undefined : signInByWord(session, user);
}

/** @returns the attributes, decoded, or the word that is none */
function readAttributes(argument: string): ReadonlyMap<Attribute, string> | string {
  const found = new Map<Attribute, string>();
  for (const word of argument.split(/[ \t]+/)) {
    const equals = word.indexOf("=");
    const name = ATTRIBUTES.find((each) => each === word.slice(0, equals).toUpperCase());
    const value = decodeXtext(word.slice(equals + 1));
    // What is said here goes to the log and into header fields.
    if (name === undefined || value === undefined || !/^[!-\x27*-;=?-~]{1,255}$/.test(value)) return word;
    found.set(name, value);
  }
  return found;
}

/** What is said to be unknown is. */
function known(value: string | undefined): string | undefined {
  return value === undefined || /^\[(?:UNAVAILABLE|TEMPUNAVAIL)\]$/i.test(value) ? undefined : value;
}

function endsOf(said: ReadonlyMap<Attribute, string>): Partial<Ends> | string {
  const ends: { -readonly [K in keyof Ends]?: Ends[K] } = {};
  for (const [name, key] of [
    ["ADDR", "remoteAddress"],
    ["DESTADDR", "localAddress"],
  ] as const) {
    const value = known(said.get(name))?.replace(/^IPv6:/i, "");
    if (value === undefined) continue;
    if (isIP(value) === 0) return `${name}=${value}`;
    ends[key] = value.toLowerCase();
  }
  for (const [name, key] of [
    ["PORT", "remotePort"],
    ["DESTPORT", "localPort"],
  ] as const) {
    const value = known(said.get(name));
    if (value === undefined) continue;
    if (!/^[0-9]{1,5}$/.test(value) || Number(value) > 65_535) return `${name}=${value}`;
    ends[key] = Number(value);
  }
  return ends;
}

/** What is said of the name counts; undefined: we look ourselves. */
function identityOf(name: string | undefined, address: string): ClientIdentity | undefined {
  if (name === undefined) return undefined;
  const literal = `[${isIP(address) === 6 ? "IPv6:" : ""}${address}]`;
  if (known(name) !== undefined) return { name, ptr: name, resolve: "OK" };
  return { name: literal, ptr: literal, resolve: /TEMP/i.test(name) ? "TEMP" : "FAIL" };
}
