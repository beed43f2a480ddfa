/** Whether a configuration names keys of signatures (config/options/signing.ts). */
import type { Options } from "./config.ts";

export function signs({ options }: { readonly options: Pick<Options, "text"> }): boolean {
  return options.text("DKIMKeys") !== "" || options.text("DKIMKeyTable") !== "";
}
