/** Names of the files beside site.mc. */
import { join } from "node:path";
import type { Places } from "../../daemon/places.ts";
import type { Wishes } from "./wishes.ts";

export function tlsFiles({ certificate, places: { settings } }: Pick<Wishes, "certificate" | "places">): {
  readonly certFile: string;
  readonly keyFile: string;
} {
  return certificate ?? { certFile: join(settings, "certs/server.pem"), keyFile: join(settings, "certs/server.key") };
}

/** Users of our own, in the form of /etc/passwd. */
export function usersFile({ settings }: Places): string {
  return join(settings, "users");
}

/** Keys of DKIM: DOMAIN/SELECTOR.private. */
export function dkimFolder({ settings }: Places): string {
  return join(settings, "dkim");
}

/** The selector of a first key. */
export const SELECTOR = "mail";
