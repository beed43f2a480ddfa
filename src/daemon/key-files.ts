/** Keys, certificates and passwords that a configuration names, which often only root may read. */
import type { Config } from "../config/config.ts";
import { nameCerts } from "../tls/server-context.ts";
import { readSealed, type SealedFiles } from "../sys/sealed-file.ts";

/** Options with one file, or two with a comma between them. */
const OPTIONS = [
  "ServerCertFile",
  "ServerKeyFile",
  "ClientCertFile",
  "ClientKeyFile",
  "CACertFile",
  "CRLFile",
  "DHParameters",
  "DefaultAuthInfo",
] as const;

export function keyFiles({ options }: Config): readonly string[] {
  const others = nameCerts(options.text("ServerNameCerts")).flatMap(({ certFile, keyFile }) => [certFile, keyFile]);
  const names = [...OPTIONS.flatMap((name) => options.text(name).split(",")), ...others];
  return [...new Set(names.map((name) => name.trim()).filter((name) => name.startsWith("/")))];
}

/** Reads them while this process is root; what is wrong with one is told by whoever needs it. */
export function sealKeys(config: Config): SealedFiles {
  const sealed = new Map<string, Buffer>();
  for (const path of keyFiles(config)) {
    try {
      sealed.set(path, readSealed(path, undefined));
    } catch {
      // Nobody has it, then.
    }
  }
  return sealed;
}
