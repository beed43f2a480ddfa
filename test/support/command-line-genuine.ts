/** Asks a genuine sendmail what the rows of test/golden/command-line ask: all calls in one namespace, one after the other. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CommandLineCase, sites } from "../golden/command-line/cases.ts";
import {
  accountLines,
  type CallResult,
  goldenFolder,
  makeSite,
  plainReplies,
  takeDeliveries,
} from "./command-line-site.ts";
import { runInside } from "./foreign-programs.ts";

/** Where the site lies inside: sendmail wants no folder above it that others may write. */
const SITE = "/mnt/site";
const converseProgram = join(import.meta.dirname, "converse.ts");
const LIBRARY = "/usr/share/sendmail/cf/";

const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

/** @returns results by the names of the rows */
export function askGenuine(cases: readonly CommandLineCase[]): Map<string, CallResult> {
  const folder = mkdtempSync(join(tmpdir(), "calls-"));
  try {
    const site = join(folder, "site");
    mkdirSync(site);
    makeSite(site, "0:0");
    writeFileSync(join(site, "passwd"), accountLines(SITE, "0:0"));
    writeFileSync(join(site, "aliases"), readFileSync(join(site, "aliases"), "latin1").replaceAll(site, SITE));
    const script = [prepare(folder), ...cases.map((each, number) => callOf(each, number, folder))].join("\n");
    writeFileSync(join(folder, "script"), script, "latin1");
    const { status, stderr } = runInside("shell", `. ${folder}/script`, false);
    if (status !== 0) throw new Error(`genuine sendmail could not be asked: ${stderr}`);
    return new Map(cases.map(({ name }, number) => [name, resultOf(join(folder, String(number)))]));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function prepare(folder: string): string {
  const configurations = Object.entries(sites).map(([site, settings]) => {
    const defined = Object.entries({ ...settings, SITE_FOLDER: SITE, SITE_USER: "0:0" });
    const words = defined.map(([name, value]) => `-D${name}=${value}`).join(" ");
    return `m4 -D_CF_DIR_=${LIBRARY} ${words} ${LIBRARY}m4/cf.m4 ${goldenFolder}/site.mc >${SITE}/${site}.cf`;
  });
  return `
umask 022
cp -a ${folder}/site ${SITE}
chown -R 0:0 ${SITE}
chmod 777 ${SITE}/out
chmod 700 ${SITE}/queue
cp ${SITE}/passwd /etc/passwd
${configurations.join("\n")}
PATH=/usr/libexec/sendmail:$PATH
sendmail -C ${SITE}/plain.cf -bi >/dev/null
`;
}

function callOf({ args, input, environment = {}, site }: CommandLineCase, number: number, folder: string): string {
  const here = join(folder, String(number));
  mkdirSync(join(here, "out"), { recursive: true });
  writeFileSync(join(here, "input"), input, "latin1");
  const variables = Object.entries({ HOME: `${SITE}/home`, LOGNAME: "root", USER: "root", ...environment })
    .map(([name, value]) => `${name}=${quoted(value)}`)
    .join(" ");
  const talks = args.includes("-bs") ? `${process.execPath} ${converseProgram} ${here}/input` : "";
  return `
env -i PATH=$PATH TZ=UTC LC_ALL=C ${variables} ${talks} timeout 20 sendmail -C ${SITE}/${site}.cf -odi ${args.map(quoted).join(" ")} \\
  <${here}/input >${here}/said 2>${here}/complained
echo $? >${here}/status
mv ${SITE}/out/* ${here}/out/ 2>/dev/null
ls ${SITE}/queue >${here}/queued
rm -f ${SITE}/queue/* ${SITE}/dead.letter ${SITE}/home/dead.letter
`;
}

function resultOf(here: string): CallResult {
  const read = (name: string): string => readFileSync(join(here, name), "latin1");
  const said = `${read("said")}${read("complained")}`;
  return {
    exit: Number(read("status")),
    // Where the text of a message goes that nobody could get is no answer to compare.
    said: said
      .replace(/^\/.*dead\.letter\.\.\. Saved message in .*\n/m, "")
      .replaceAll(SITE, "FOLDER")
      .replace(/^220 [^]*/, plainReplies),
    queued: read("queued") !== "",
    deliveries: takeDeliveries(join(here, "out")),
  };
}
