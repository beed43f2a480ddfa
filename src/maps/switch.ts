/**
 * The class switch: `Kname switch database` asks the maps `name.service` in the order that the service switch file gives
 * for the database, for example `name.files`, then `name.nis`. Their answer stands as it is: -a and -m of the switch change
 * nothing.
 */
import type { LookupContext, LookupMap } from "../rewriting/lookup-map.ts";
import { COMMON_FLAGS } from "./flags.ts";
import { type BareMap, MISSING, type MapClass, tempfail } from "./map-class.ts";
import { askInOrder } from "./sequence.ts";

export const switchClass: MapClass = {
  flags: COMMON_FLAGS,
  keepsCase: true,
  literal: true,
  appendsNothing: true,
  ownMatchOnly: true,
  open({ declaration, flags, environment, problem }) {
    const database = flags.firstWord;
    if (database === "") {
      problem(`No file name for switch map ${declaration.name}`);
      return undefined;
    }
    // The members may be declared after this line: look for them at the first look-up.
    let made: BareMap | undefined;
    const members = (context?: LookupContext): BareMap | undefined => {
      if (made) return made;
      const services = environment.services(database);
      if (services.length === 0) return undefined;
      const maps: LookupMap[] = [];
      for (const name of services.map((service) => `${declaration.name}.${service}`)) {
        const map = environment.map(name);
        if (map) maps.push(map);
        else context?.message?.(`Switch map ${declaration.name}: unknown member map ${name}`);
      }
      return (made = askInOrder(maps));
    };
    return {
      prepare: (context) => void members(context),
      find(key, args, context) {
        const map = members(context);
        if (map !== undefined) return map.find(key, args, context);
        if (flags.has("o")) return MISSING;
        return tempfail(`switch map "${declaration.name}": no service for ${database}`);
      },
      available: () => environment.services(database).length > 0,
    };
  },
};
