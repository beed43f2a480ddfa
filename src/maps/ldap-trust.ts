/**
 * Whose certificates count for ldaps: what the machine's LDAP clients are told in ldap.conf, or in the environment.
 *
 *     TLS_CACERT /etc/ssl/private-ca.pem      LDAPTLS_CACERT      these authorities instead of the built-in ones
 *     TLS_REQCERT never                       LDAPTLS_REQCERT     never, allow: any certificate will do
 */
import { readFileSync } from "node:fs";

export interface LdapTrust {
  /** Certificates of authorities, PEM; absent: those that the runtime brings along. */
  readonly ca?: string;
  /** False: certificates are not looked at. */
  readonly rejectUnauthorized: boolean;
}

const FILES = ["/etc/ldap/ldap.conf", "/etc/openldap/ldap.conf"];

/** Throws when the file of authorities cannot be read: no connection is better than one to anybody. */
export function ldapTrust(environment: NodeJS.ProcessEnv = process.env, files: readonly string[] = FILES): LdapTrust {
  const settings = readSettings(files);
  const authorities = environment["LDAPTLS_CACERT"] ?? settings.get("TLS_CACERT");
  const demand = (environment["LDAPTLS_REQCERT"] ?? settings.get("TLS_REQCERT") ?? "demand").toLowerCase();
  return {
    ...(authorities === undefined ? {} : { ca: readFileSync(authorities, "latin1") }),
    rejectUnauthorized: demand !== "never" && demand !== "allow",
  };
}

/** Settings of the first file that is there, names in capitals. */
function readSettings(files: readonly string[]): ReadonlyMap<string, string> {
  for (const file of files) {
    let text: string;
    try {
      text = readFileSync(file, "latin1");
    } catch {
      continue;
    }
    const found = [...text.matchAll(/^[ \t]*(\w+)[ \t]+(\S.*?)[ \t]*$/gm)];
    return new Map(found.map(([, name, value]) => [name.toUpperCase(), value]));
  }
  return new Map();
}
