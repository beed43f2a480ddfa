/** Options of names: which services answer for hosts, users and directories. */
import { checkLdapDefaults } from "../../maps/ldap-options.ts";
import { EX } from "../../sys/sysexits.ts";
import { meant, placed, wordsOf } from "./value-words.ts";
import type { Check, OptionRow } from "./row.ts";

const RESOLVER_WORDS = [
  "debug",
  "aaonly",
  "usevc",
  "primary",
  "igntc",
  "recurse",
  "defnames",
  "stayopen",
  "dnsrch",
  "use_edns0",
  "use_dnssec",
  "trustad",
  "haswildcardmx",
  "workaroundbrokenaaaa",
] as const;

const resolverOptions: Check = (value, context) => {
  const known = wordsOf(context);
  for (const { word: item, offset } of placed(value, /\S+/g)) {
    const word = item.replace(/^[-+]/, "");
    // An old form of the option was a truth value.
    if (word.toLowerCase() !== "true" && !known.includes(word.toLowerCase())) {
      context.messages.error(`readcf: I option value ${word} unrecognized`, { offset, ...meant(word, known) });
    }
  }
  return value;
};

const ldapDefaults: Check = (value, { text, messages }) => {
  const dontBlame = new Set(text("DontBlameSendmail").split(" "));
  const { problems, usable } = checkLdapDefaults(value, "O LDAPDefaultSpec", { dontBlame });
  for (const problem of problems) {
    messages.error(problem.text, { exit: problem.system ? EX.OSERR : EX.SOFTWARE, offset: problem.offset });
  }
  return usable;
};

export const NAME_OPTIONS = [
  {
    name: "ResolverOptions",
    code: "I",
    type: "text",
    initial: "",
    adds: true,
    range: RESOLVER_WORDS,
    check: resolverOptions,
    meaning: "switches of name look-ups",
  },
  {
    name: "HostsFile",
    code: 0x82,
    type: "text",
    initial: "/etc/hosts",
    meaning: "hosts file",
  },
  {
    name: "ServiceSwitchFile",
    code: 0x86,
    type: "text",
    initial: "/etc/mail/service.switch",
    meaning: "which sources answer for hosts and aliases",
  },
  {
    name: "DontExpandCnames",
    code: 0x8e,
    type: "flag",
    initial: false,
    meaning: "names of hosts keep their aliases",
  },
  {
    name: "DontProbeInterfaces",
    code: 0xa1,
    type: "text",
    initial: "",
    meaning: "addresses of the machine do not join class w",
  },
  {
    name: "LDAPDefaultSpec",
    code: 0xb2,
    type: "text",
    initial: "",
    check: ldapDefaults,
    meaning: "defaults of ldap maps",
  },
  {
    name: "MailboxDatabase",
    code: 0xcb,
    type: "text",
    initial: "pw",
    meaning: "where users are looked up",
  },
  {
    name: "UseCompressedIPv6Addresses",
    code: 0xec,
    type: "flag",
    initial: false,
    meaning: "IPv6 addresses of clients with :: in macros, tables and the log",
  },
] as const satisfies readonly OptionRow[];
