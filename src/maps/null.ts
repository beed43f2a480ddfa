/** The class null: never finds anything. Useful as a member of a switch. */
import { EX } from "../sys/sysexits.ts";
import { COMMON_FLAGS } from "./flags.ts";
import type { MapClass } from "./map-class.ts";

export const nullClass: MapClass = {
  constant: true,
  flags: COMMON_FLAGS,
  open: () => ({ find: () => ({ kind: "missing", status: EX.NOHOST }) }),
};
