/** Options of rights: as whom programs run and files are opened, and which files are trusted. */
import { readOwner, trustedUser } from "../owners.ts";
import { flagWords, meant, wordsOf } from "./value-words.ts";
import type { Check, OptionRow } from "./row.ts";

const BLAME_WORDS = [
  "safe",
  "assumesafechown",
  "certowner",
  "classfileinunsafedirpath",
  "dontwarnforwardfileinunsafedirpath",
  "errorheaderinunsafedirpath",
  "filedeliverytohardlink",
  "filedeliverytosymlink",
  "forwardfileingroupwritabledirpath",
  "forwardfileinunsafedirpath",
  "forwardfileinunsafedirpathsafe",
  "groupreadabledefaultauthinfofile",
  "groupreadablekeyfile",
  "groupreadablesasldbfile",
  "groupwritablealiasfile",
  "groupwritabledirpathsafe",
  "groupwritableforwardfile",
  "groupwritableforwardfilesafe",
  "groupwritableincludefile",
  "groupwritableincludefilesafe",
  "groupwritablesasldbfile",
  "helpfileinunsafedirpath",
  "includefileingroupwritabledirpath",
  "includefileinunsafedirpath",
  "includefileinunsafedirpathsafe",
  "insufficiententropy",
  "linkedaliasfileinwritabledir",
  "linkedclassfileinwritabledir",
  "linkedforwardfileinwritabledir",
  "linkedincludefileinwritabledir",
  "linkedmapinwritabledir",
  "linkedserviceswitchfileinwritabledir",
  "mapinunsafedirpath",
  "nonrootsafeaddr",
  "runprograminunsafedirpath",
  "runwritableprogram",
  "truststickybit",
  "worldwritablealiasfile",
  "worldwritableforwardfile",
  "worldwritableincludefile",
  "writemaptohardlink",
  "writemaptosymlink",
  "writestatstohardlink",
  "writestatstosymlink",
] as const;

/** The names in force, in lower case; a line replaces those before. */
const dontBlame: Check = (value, context) => {
  const known = wordsOf(context);
  const words = flagWords(value);
  for (const { word, offset } of words) {
    if (!known.includes(word.toLowerCase())) {
      const about = { offset, ...meant(word, known) };
      context.messages.error(`readcf: DontBlameSendmail option: ${word} unrecognized`, about);
    }
  }
  return words
    .map(({ word }) => word)
    .join(" ")
    .toLowerCase();
};

/** "user:group". Messages call the option by its letter, where it has one. */
const owner: Check = async (value, { row, messages, environment }) => {
  const reading = await readOwner(value, environment);
  if (reading.kind === "owner") return value;
  const offset = Math.max(0, value.indexOf(reading.name));
  const shown = typeof row.code === "string" ? row.code : row.name;
  messages.error(`readcf: option ${shown}: ${reading.kind} ${reading.name}`, { offset });
  return undefined;
};

/** Without him root owns what he would: no reason not to start, and his account may have been that of a package. */
const knownUser: Check = async (value, { messages, environment }) => {
  if ((await trustedUser(value, environment.users)) !== undefined) return value;
  messages.idle();
  messages.error(`readcf: option TrustedUser: unknown user ${value}`);
  return undefined;
};

/** Option g: what becomes of DefaultUser. */
export const defaultGroup: Check = async (value, { text, messages, environment }) => {
  const gid = /^[0-9]/.test(value) ? Number.parseInt(value, 10) : value && (await environment.group(value));
  if (typeof gid === "number") return `${text("DefaultUser").split(/[:.]/)[0]}:${gid}`;
  messages.error(`readcf: option g: unknown group ${value}`);
  return undefined;
};

export const RIGHTS_OPTIONS = [
  {
    name: "DefaultUser",
    code: "u",
    type: "text",
    initial: "1:1",
    check: owner,
    meaning: "user:group that programs run as when nobody else is named",
  },
  {
    name: "SafeFileEnvironment",
    code: 0x89,
    type: "text",
    initial: "",
    path: "folder",
    meaning: "folder that mailbox files must lie in",
  },
  {
    name: "DontInitGroups",
    code: 0x93,
    type: "flag",
    initial: false,
    meaning: "a user's own group only",
    notActedOn: "a user's groups are always taken on",
    without: "programs of users run with all groups of the user",
  },
  {
    name: "UnsafeGroupWrites",
    code: 0x99,
    type: "flag",
    initial: false,
    meaning: "files that a group may write are unsafe",
    notActedOn: "DontBlameSendmail says the same in more detail",
  },
  {
    name: "RunAsUser",
    code: 0x9d,
    type: "text",
    initial: "",
    check: owner,
    meaning: "user:group of the server once it listens",
  },
  {
    name: "DontBlameSendmail",
    code: 0xa0,
    type: "text",
    initial: "safe",
    adds: true,
    range: BLAME_WORDS,
    check: dontBlame,
    meaning: "rules of safe files that are lifted",
  },
  {
    name: "TrustedUser",
    code: 0xa7,
    type: "text",
    initial: "",
    check: knownUser,
    meaning: "owner of tables and alias databases that root builds, and of the control socket; may rebuild aliases",
  },
] as const satisfies readonly OptionRow[];
