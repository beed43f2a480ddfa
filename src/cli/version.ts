/** `rulemail version`: the program, the language it speaks and what it runs on, one line each for reports of problems. */
import packageFile from "../../package.json" with { type: "json" };
import { LANGUAGE_LEVEL, LANGUAGE_VERSION } from "../config/version.ts";
import { EX } from "../sys/sysexits.ts";

export function runVersion(): Promise<number> {
  const { platform, arch, version } = process;
  process.stdout.write(`rulemail ${packageFile.version}
language: sendmail ${LANGUAGE_VERSION}, configurations up to level ${LANGUAGE_LEVEL}
node: ${version} ${platform} ${arch}
`);
  return Promise.resolve(EX.OK);
}
