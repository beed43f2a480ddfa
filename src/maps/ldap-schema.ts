/**
 * What the word LDAP stands for in place of a map's arguments: the filters and attributes of sendmail's directory schema.
 * The macros in them are expanded by who reads the configuration.
 */

/** Entries of our cluster or of this host. */
const OURS = "(|(sendmailMTACluster=${sendmailMTACluster})(sendmailMTAHost=$j))";

/** `AliasFile=ldap:`. @param grouping sendmailMTAAliasGrouping of the entries */
export function ldapAliasArguments(grouping = "aliases"): string {
  const filter = `(&(objectClass=sendmailMTAAliasObject)(sendmailMTAAliasGrouping=${grouping})${OURS}(sendmailMTAKey=%0))`;
  return `-z, -k ${filter} -v ${attributesOf("sendmailMTAAlias", "sendmailMTAAliasObject")}`;
}

/** `F{name}@LDAP`: all words of a class. */
export function ldapClassArguments(name: string): string {
  const filter = `(&(objectClass=sendmailMTAClass)(sendmailMTAClassName=${name})${OURS})`;
  return `-z, -k ${filter} -v ${attributesOf("sendmailMTAClass", "sendmailMTAClass")}`;
}

function attributesOf(prefix: string, objectClass: string): string {
  return `${prefix}Value,${prefix}Search:FILTER:${objectClass},${prefix}URL:URL:${objectClass}`;
}
