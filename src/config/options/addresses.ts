/** Options of addresses: how they are cut into tokens, where aliases and users are found. */
import { placed } from "./value-words.ts";
import { NOT_YET, NO_USERDB } from "../reasons.ts";
import type { Check, OptionRow } from "./row.ts";

/** Map classes that compute their values. */
const NO_ALIASES = new Set("arith arpa bestmx dequote dns host macro regex user userdb".split(" "));

/** "hash:/etc/mail/aliases, text:-k1 /etc/other": each member is tried in order. */
const aliasFile: Check = (value, { before, messages, effects }) => {
  for (const { word: member, offset } of placed(value, /[^,\s](?:[^,]*[^,\s])?/g)) {
    const [, mapClass, args] = /^([^:/\s]*):(.*)$/s.exec(member) ?? [member, "implicit", member];
    if (effects.isAliasClass(mapClass) && NO_ALIASES.has(mapClass.toLowerCase())) {
      messages.error(`setalias: map class ${mapClass} can't handle aliases`, { offset });
    } else if (effects.isAliasClass(mapClass)) effects.addAliasFile(mapClass.toLowerCase(), args);
    else messages.error(`setalias: unknown alias class ${mapClass}`, { offset });
  }
  return before === undefined ? value : `${before},${value}`;
};

const operatorChars: Check = (value, { before, messages, effects }) => {
  // One warning for two mistakes: given twice (the later counts), and given below rules (it does not count).
  const late = effects.rulesRead();
  if (late || before !== undefined) {
    messages.warn("Warning: OperatorChars is being redefined.");
    messages.warnMore("         It should only be set before ruleset definitions.");
  }
  return late ? undefined : value;
};

export const ADDRESS_OPTIONS = [
  {
    name: "AliasFile",
    code: "A",
    type: "text",
    initial: "",
    adds: true,
    check: aliasFile,
    meaning: "where aliases are looked up, in order: class:file, ...",
  },
  {
    name: "AliasWait",
    code: "a",
    type: "time",
    unit: "m",
    initial: "10m",
    meaning: "how long to wait for an alias database that is being rebuilt",
    notActedOn: "alias files are read at once, there is no half-built database to wait for",
  },
  {
    name: "BlankSub",
    code: "B",
    type: "text",
    initial: " ",
    meaning: "what stands for a blank between two words of an address",
  },
  {
    name: "MatchGECOS",
    code: "G",
    type: "flag",
    initial: false,
    meaning: "full names are local addresses too",
    notActedOn: NOT_YET,
  },
  {
    name: "ForwardPath",
    code: "J",
    type: "text",
    initial: "$z/.forward",
    meaning: "where .forward files are, colon separated",
  },
  {
    name: "MeToo",
    code: "m",
    type: "flag",
    initial: true,
    safe: true,
    meaning: "a list's member also gets what he sends to it",
    notActedOn: NOT_YET,
  },
  {
    name: "CheckAliases",
    code: "n",
    type: "flag",
    initial: false,
    meaning: "newaliases checks the right sides",
    notActedOn: NOT_YET,
  },
  {
    name: "UserDatabaseSpec",
    code: "U",
    type: "text",
    initial: "/etc/mail/userdb",
    meaning: "user database",
    notActedOn: NO_USERDB,
  },
  {
    name: "ColonOkInAddr",
    code: 0x8b,
    type: "flag",
    initial: false,
    safe: true,
    meaning: "a colon in an address does not begin a group",
  },
  {
    name: "OperatorChars",
    code: 0x92,
    type: "text",
    initial: ".:@[]",
    check: operatorChars,
    meaning: "characters that are tokens of their own",
  },
  {
    name: "MaxAliasRecursion",
    code: 0xa5,
    type: "number",
    initial: 10,
    meaning: "aliases of aliases, how deep",
  },
] as const satisfies readonly OptionRow[];
