/** What makes a file unsafe for each of its uses, and which names of the option DontBlameSendmail relax that. */

/** What a file is used for. */
export type FileUse =
  | "map"
  | "class"
  | "alias"
  | "forward"
  | "include"
  | "serviceSwitch"
  | "errorHeader"
  | "help"
  | "key"
  | "authInfo"
  | "program";

export interface Rules {
  /** Names that allow an unsafe folder above the file, whichever way it is unsafe. */
  readonly anyFolder: readonly string[];
  /** Names that allow a folder that its group may write. */
  readonly groupFolder: readonly string[];
  /** Names that allow a link in a folder that others may write. */
  readonly link: readonly string[];
  /**
   * Names without which a file that one of the others let pass is read, but may not name programs and files. Absent: what
   * passes is as good as any.
   */
  readonly trusted?: { readonly anyFolder: string; readonly groupWritable: string };
  /** Checks on the file's own mode: names that allow the bit; absent when the bit does not matter. */
  readonly groupWritable?: readonly string[];
  readonly worldWritable?: readonly string[];
  readonly groupReadable?: readonly string[];
  readonly worldReadable?: readonly string[];
}

export const RULES: Readonly<Record<FileUse, Rules>> = {
  map: { anyFolder: ["MapInUnsafeDirPath"], groupFolder: [], link: ["LinkedMapInWritableDir"] },
  class: { anyFolder: ["ClassFileInUnsafeDirPath"], groupFolder: [], link: ["LinkedClassFileInWritableDir"] },
  alias: {
    anyFolder: ["MapInUnsafeDirPath"],
    groupFolder: [],
    link: ["LinkedAliasFileInWritableDir"],
    groupWritable: ["GroupWritableAliasFile"],
    worldWritable: ["WorldWritableAliasFile"],
  },
  forward: {
    anyFolder: ["ForwardFileInUnsafeDirPath"],
    groupFolder: ["ForwardFileInGroupWritableDirPath"],
    link: ["LinkedForwardFileInWritableDir"],
    groupWritable: ["GroupWritableForwardFile"],
    worldWritable: ["WorldWritableForwardFile"],
    trusted: { anyFolder: "ForwardFileInUnsafeDirPathSafe", groupWritable: "GroupWritableForwardFileSafe" },
  },
  include: {
    anyFolder: ["IncludeFileInUnsafeDirPath"],
    groupFolder: ["IncludeFileInGroupWritableDirPath"],
    link: ["LinkedIncludeFileInWritableDir"],
    groupWritable: ["GroupWritableIncludeFile"],
    worldWritable: ["WorldWritableIncludeFile"],
    trusted: { anyFolder: "IncludeFileInUnsafeDirPathSafe", groupWritable: "GroupWritableIncludeFileSafe" },
  },
  serviceSwitch: { anyFolder: [], groupFolder: [], link: ["LinkedServiceSwitchFileInWritableDir"] },
  errorHeader: { anyFolder: ["ErrorHeaderInUnsafeDirPath"], groupFolder: [], link: [] },
  help: { anyFolder: ["HelpFileInUnsafeDirPath"], groupFolder: [], link: [] },
  key: {
    anyFolder: [],
    groupFolder: [],
    link: [],
    groupReadable: ["GroupReadableKeyFile"],
    worldReadable: [],
    groupWritable: [],
    worldWritable: [],
  },
  authInfo: {
    anyFolder: [],
    groupFolder: [],
    link: [],
    groupReadable: ["GroupReadableDefaultAuthInfoFile"],
    worldReadable: [],
    groupWritable: [],
    worldWritable: [],
  },
  program: {
    anyFolder: ["RunProgramInUnsafeDirPath"],
    groupFolder: [],
    link: [],
    groupWritable: ["RunWritableProgram"],
    worldWritable: ["RunWritableProgram"],
  },
};
