/** The licences of all that is in the one executable file: ours, Node's (which has those of its own parts), and of each package. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Metafile } from "./scripts.ts";

const root = join(import.meta.dirname, "..");

interface PackageFile {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
}

/** Folders of packages (`node_modules/NAME`, below the root) whose files are in the bundles, sorted. */
export function packagesIn({ outputs }: Metafile): readonly string[] {
  const files = Object.values(outputs).flatMap(({ inputs }) => Object.keys(inputs));
  const folders = files.flatMap((file) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? []);
  return [...new Set(folders)].toSorted();
}

/**
 * @param node folder of the package that Node came in
 * @throws for a package without a licence: what has none must not be passed on
 */
export function licences(metafile: Metafile, node: string): string {
  const ours = section("rulemail", readFileSync(join(root, "LICENSE"), "utf8"));
  const packages = packagesIn(metafile).map((folder) => ofPackage(join(root, folder)));
  const ofNode = section(`Node.js ${process.versions.node}`, readFileSync(join(node, "LICENSE"), "utf8"));
  return [ours, ...packages, ofNode].join("\n");
}

function ofPackage(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as PackageFile;
  const file = readdirSync(folder).find((each) => /^(?:licen[cs]e|copying)/i.test(each));
  const notice = existsSync(join(folder, "NOTICE")) ? `\n${readFileSync(join(folder, "NOTICE"), "utf8")}` : "";
  if (file === undefined && license === undefined) throw new Error(`package ${name} has no licence`);
  const text = file === undefined ? `Licence: ${license}\n` : readFileSync(join(folder, file), "utf8");
  return section(`${name} ${version}`, text + notice);
}

function section(title: string, text: string): string {
  return `${"=".repeat(80)}\n${title}\n${"=".repeat(80)}\n\n${text.trimEnd()}\n`;
}
