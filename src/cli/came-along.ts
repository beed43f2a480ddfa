/** `rulemail files`, `rulemail licences`: what came with the program, of which the one executable file is the only place. */
import { programFiles, programRoot, readProgramFile } from "../sys/program-files.ts";
import { EX, type ExitCode } from "../sys/sysexits.ts";
import { Output } from "./output.ts";

const FOLDERS = ["cf", "macros/domain", "macros/feature", "macros/hack", "macros/m4", "macros/mailer", "macros/ostype"];

/** Without a word the names of all: shipped configurations and the macro library; with a name that file, octet by octet. */
export function runFiles(words: readonly string[]): Promise<ExitCode> {
  const [name, ...more] = words;
  const output = new Output();
  if (more.length > 0) {
    process.stderr.write("usage: rulemail files [NAME]\n");
    return Promise.resolve(EX.USAGE);
  }
  if (name === undefined) {
    for (const folder of FOLDERS) for (const file of programFiles(folder)) output.line(`${folder}/${file}`);
  } else {
    const isListed = FOLDERS.some((folder) => programFiles(folder).some((file) => `${folder}/${file}` === name));
    const octets = isListed ? readProgramFile(name) : undefined;
    if (octets === undefined) {
      process.stderr.write(
        `rulemail files: nothing named ${name} came with ${programRoot()}; all names: rulemail files\n`,
      );
      return Promise.resolve(EX.NOINPUT);
    }
    output.print(octets.toString("latin1"));
  }
  output.flush();
  return Promise.resolve(EX.OK);
}

const ELSEWHERE = `
Packages that rulemail uses have theirs in node_modules/PACKAGE/, Node.js in node_modules/node-linux-*/LICENSE.
`;

/** Of a checkout: its own, and where the others are. */
export function runLicences(): Promise<ExitCode> {
  const all = readProgramFile("licences.txt");
  const output = new Output();
  output.print((all ?? readProgramFile("LICENSE"))?.toString("latin1") ?? "");
  if (all === undefined) output.print(ELSEWHERE);
  output.flush();
  return Promise.resolve(EX.OK);
}
