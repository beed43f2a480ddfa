/** What a server is to be: all that `rulemail setup` was told, and what it found out itself. */
import type { Places } from "../../daemon/places.ts";

/**
 * standalone: mailboxes, mail in and out. smarthost: the same behind another server that sends everything on. nullclient:
 * everything goes to the hub. mailhub: standalone for several domains. gateway: in front of the server that has the mailboxes.
 */
export type Shape =
  | { readonly kind: "standalone" | "mailhub" }
  /** A host, in brackets when its MX records are not to be asked; a port when it is not 25. */
  | { readonly kind: "smarthost" | "nullclient" | "gateway"; readonly server: string; readonly port?: number };

/** Who has mailboxes. */
export type Users =
  | { readonly kind: "accounts" }
  /** A file of our own, and the first user in it. */
  | { readonly kind: "file"; readonly first: string };

export interface Wishes {
  readonly domain: string;
  /** The whole name of this host. */
  readonly host: string;
  readonly shape: Shape;
  readonly users: Users;
  readonly places: Places;
  readonly ports: { readonly smtp: number; readonly submission: number; readonly submissions: number };
  /** Files of an authority's certificate, where there is one. */
  readonly certificate?: { readonly certFile: string; readonly keyFile: string };
  /** Who reads root's mail, where that can be told. */
  readonly reader?: string;
  /** This machine has an IPv6 address that others know. */
  readonly ipv6: boolean;
}

/** Others send mail to this host. */
export function receives({ shape }: Pick<Wishes, "shape">): boolean {
  return shape.kind !== "smarthost" && shape.kind !== "nullclient";
}

/** Users of this host log in to send mail. */
export function hasLogins({ shape }: Pick<Wishes, "shape">): boolean {
  return shape.kind === "standalone" || shape.kind === "mailhub";
}

/** Mailboxes are here. */
export function hasMailboxes({ shape }: Pick<Wishes, "shape">): boolean {
  return shape.kind !== "nullclient" && shape.kind !== "gateway";
}

/** Mail of the domain leaves from here for the servers of its recipients, and has to be signed here. */
export function signs(wishes: Pick<Wishes, "shape">): boolean {
  return hasLogins(wishes);
}
