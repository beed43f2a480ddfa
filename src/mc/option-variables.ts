/** Which variable of a site file sets which option: read from the macro library, which says it in one place (m4/options.m4). */
import type { Library } from "./library.ts";

/** `_O_(`MaxMessageSize', `confMAX_MESSAGE_SIZE', ...)` */
const ROW = /_O_\(`([A-Za-z][\w.-]*)', `([A-Za-z_]\w*)'/g;
/** `O TimeZoneSpec=confTIME_ZONE` */
const LINE = /\bO ([A-Z][\w.-]*)=((?:conf|_)[A-Z_]\w*)/g;

/** By the name of the option (`Timeout.connect`): its variable. The first one counts where old names lead to the same option. */
export function optionVariables(library: Library): ReadonlyMap<string, string> {
  const variables = new Map<string, string>();
  for (const pattern of [ROW, LINE]) {
    for (const part of library.names("m4")) {
      for (const [, option, variable] of (library.read(`m4/${part}.m4`) ?? "").matchAll(pattern)) {
        if (!variables.has(option) && !ADDS.has(option)) variables.set(option, variable);
      }
    }
  }
  return variables;
}

/** Options with a macro of their own for each line. */
const ADDS: ReadonlySet<string> = new Set(["DaemonPortOptions", "ClientPortOptions"]);
