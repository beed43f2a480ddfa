/** Keys, certificates and passwords that a configuration names, which often only root may read. */
import type { Config } from "../config/config.ts";
import { signs } from "../config/signs.ts";
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

export async function keyFiles(config: Config): Promise<readonly string[]> {
  const { options, maps } = config;
  const others = nameCerts(options.text("ServerNameCerts")).flatMap(({ certFile, keyFile }) => [certFile, keyFile]);
  const ofMaps = [...maps.values()].flatMap(({ keyFile }) => keyFile ?? []);
  const given = OPTIONS.flatMap((name) => options.text(name).split(","));
  const names = [...given, ...others, ...ofMaps, ...(await ofSigning(config))];
  return [...new Set(names.map((name) => name.trim()).filter((name) => name.startsWith("/")))];
}

/** Keys of signatures and their tables; the code that finds them is loaded where there are some. */
async function ofSigning(config: Config): Promise<readonly string[]> {
  if (!signs(config)) return [];
  const { signingFiles } = await import("../authentication/signing/key-places.ts");
  return signingFiles(config);
}

/** Reads them while this process is root; what is wrong with one is told by whoever needs it. */
export async function sealKeys(config: Config): Promise<SealedFiles> {
  const sealed = new Map<string, Buffer>();
  for (const path of await keyFiles(config)) {
    try {
      sealed.set(path, readSealed(path, undefined));
    } catch {
      // Nobody has it, then.
    }
  }
  return sealed;
}
