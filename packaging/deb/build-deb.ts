/**
 * `npm run build:deb [-- --arch=arm64 --node=FOLDER]`: a binary package for Debian and its relatives, dist/rulemail_VERSION_ARCH.deb.
 * The program in it is the one executable file (build-binary.ts, which is run first); all else lies in files/, as it is installed.
 *
 *   --binary=FILE       this executable file, and none is built
 *   --version=VERSION   another than that of package.json
 *   --maintainer=TEXT   "NAME <ADDRESS>"; default: DEBFULLNAME and DEBEMAIL of the environment
 *   --compression=NAME  xz, gzip, zstd or none
 *   --folder=FOLDER     where the package is written; default: dist
 *
 * dpkg-deb writes the archive. SOURCE_DATE_EPOCH, seconds, makes the same package of the same files.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";

const root = join(import.meta.dirname, "../..");
const FILES = join(import.meta.dirname, "files");

/** Debian's names of architectures, by Node's. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };

/** Places of the names that the one program has (src/cli/personality.ts). */
const LINKS: readonly string[] = [
  "usr/sbin/sendmail",
  "usr/lib/sendmail",
  "usr/bin/mailq",
  "usr/bin/newaliases",
  "usr/bin/hoststat",
  "usr/bin/purgestat",
  "usr/bin/vacation",
  "usr/bin/rmail",
  "usr/sbin/makemap",
  "usr/sbin/editmap",
  "usr/sbin/praliases",
  "usr/sbin/mailstats",
  // Where FEATURE(smrsh) and FEATURE(local_lmtp) look for them.
  "usr/libexec/smrsh",
  "usr/libexec/mail.local",
];

/** The one page of the manual, under all names. */
const PAGE = "usr/share/man/man8/rulemail.8";

/** Files of folders are 644, folders 755, but for these. */
const EXECUTABLE = /^(?:DEBIAN\/(?:postinst|prerm|postrm)|etc\/init\.d\/.*|usr\/bin\/rulemail)$/;

interface Options {
  readonly arch: string;
  readonly version: string;
  readonly maintainer: string;
  readonly binary: string;
  readonly compression: string;
  /** Where the package is written. */
  readonly folder: string;
}

function main(): void {
  const { values } = parseArgs({
    options: {
      arch: { type: "string", default: process.arch },
      node: { type: "string" },
      binary: { type: "string" },
      version: { type: "string", default: versionOf() },
      maintainer: { type: "string", default: maintainerOf(process.env) },
      compression: { type: "string", default: "xz" },
      folder: { type: "string", default: join(root, "dist") },
    },
  });
  const { arch, node, version, maintainer, compression } = values;
  const folder = resolve(values.folder);
  if (!Object.hasOwn(ARCHITECTURES, arch)) {
    throw new Error(`--arch: no "${arch}": ${Object.keys(ARCHITECTURES).join(" or ")}`);
  }
  if (!/^[0-9][A-Za-z0-9.+~-]*$/.test(version)) throw new Error(`--version: "${version}" is no version of a package`);
  if (!/^[^<>\n]+ <[^<>\s@]+@[^<>\s@]+>$/.test(maintainer)) {
    throw new Error(`--maintainer: "${maintainer}" is not NAME <ADDRESS>`);
  }
  const { error } = spawnSync("dpkg-deb", ["--version"]);
  if (error !== undefined) {
    throw new Error("build:deb writes its package with dpkg-deb, which is not here: install dpkg (Fedora has it, too)");
  }
  const binary = values.binary === undefined ? buildBinary(arch, node) : resolve(values.binary);
  const made = build({ arch, version, maintainer, binary, compression, folder });
  process.stdout.write(`${made}: ${(lstatSync(made).size / 1e6).toFixed(1)} MB\n`);
}

function versionOf(): string {
  return (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string }).version;
}

function maintainerOf({ DEBFULLNAME: name, DEBEMAIL: address }: NodeJS.ProcessEnv): string {
  return `${name || "The rulemail authors"} <${address || "packages@rulemail.invalid"}>`;
}

/** @returns the file that was built */
function buildBinary(arch: string, node: string | undefined): string {
  const words = [join(root, "packaging/build-binary.ts"), `--arch=${arch}`];
  if (node !== undefined) words.push(`--node=${node}`);
  const { status } = spawnSync(process.execPath, words, { cwd: root, stdio: ["ignore", "ignore", "inherit"] });
  if (status !== 0) throw new Error("the executable file could not be built");
  return join(root, "dist", arch === process.arch ? "rulemail" : `rulemail-linux-${arch}`);
}

/** @returns the package */
function build(options: Options): string {
  if (!existsSync(options.binary)) throw new Error(`there is no ${options.binary}`);
  const tree = mkdtempSync(join(tmpdir(), "rulemail-deb-"));
  try {
    cpSync(FILES, tree, { recursive: true });
    fill(tree, options);
    for (const path of filesBelow(tree)) chmodSync(join(tree, path), EXECUTABLE.test(path) ? 0o755 : 0o644);
    for (const path of foldersBelow(tree)) chmodSync(join(tree, path), 0o755);
    chmodSync(tree, 0o755);
    writeMembers(tree, options);
    return pack(tree, options);
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
}

/** Program, links, documentation. */
function fill(tree: string, { binary, version, maintainer }: Options): void {
  const program = join(tree, "usr/bin/rulemail");
  mkdirSync(dirname(program), { recursive: true });
  copyFileSync(binary, program);
  for (const link of LINKS) {
    mkdirSync(dirname(join(tree, link)), { recursive: true });
    symlinkSync(link.startsWith("usr/bin/") ? "rulemail" : "../bin/rulemail", join(tree, link));
  }
  addManual(tree);
  const doc = join(tree, "usr/share/doc/rulemail");
  for (const name of readdirSync(join(root, "docs"))) {
    if (name.endsWith(".md")) copyFileSync(join(root, "docs", name), join(doc, name));
  }
  copyFileSync(join(root, "README.md"), join(doc, "README.md"));
  const zipped = (name: string, text: string): void =>
    writeFileSync(join(doc, name), gzipSync(Buffer.from(text), { level: 9 }));
  zipped("NEWS.md.gz", readFileSync(join(root, "CHANGELOG.md"), "utf8"));
  zipped("changelog.gz", changelog(version, maintainer));
  writeFileSync(join(doc, "copyright"), copyright());
}

/** Pages of commands for all users are in section 1. */
function addManual(tree: string): void {
  const page = join(tree, PAGE);
  writeFileSync(`${page}.gz`, gzipSync(readFileSync(page), { level: 9 }));
  rmSync(page);
  const links = [...LINKS, "usr/bin/rulemail"].map((link) => {
    const section = link.startsWith("usr/bin/") ? 1 : 8;
    return `man${section}/${basename(link)}.${section}.gz`;
  });
  for (const link of new Set(links)) {
    const place = join(tree, "usr/share/man", link);
    mkdirSync(dirname(place), { recursive: true });
    symlinkSync(link.startsWith("man8/") ? "rulemail.8.gz" : "../man8/rulemail.8.gz", place);
  }
}

function changelog(version: string, maintainer: string): string {
  const date = new Date(buildTime() * 1000).toUTCString().replace("GMT", "+0000");
  return `rulemail (${version}) unstable; urgency=medium\n\n  * What is new: NEWS.md.gz.\n\n -- ${maintainer}  ${date}\n`;
}

/** Seconds since the epoch. */
function buildTime(): number {
  const { SOURCE_DATE_EPOCH: given } = process.env;
  return given !== undefined && /^[0-9]+$/.test(given) ? Number(given) : Math.floor(Date.now() / 1000);
}

function copyright(): string {
  return `rulemail has this licence:

${readFileSync(join(root, "LICENSE"), "utf8").trim()}

/usr/bin/rulemail contains Node.js, with the libraries that Node.js brings along, and packages of npm. The command

    rulemail licences

prints who wrote them, and the licence of each.
`;
}

/** Control file and sums. */
function writeMembers(tree: string, { arch, version, maintainer }: Options): void {
  const installed = filesBelow(tree).filter((path) => !path.startsWith("DEBIAN/"));
  const octets = installed.reduce((sum, path) => sum + lstatSync(join(tree, path)).size, 0);
  const values: Readonly<Record<string, string>> = {
    VERSION: version,
    ARCHITECTURE: ARCHITECTURES[arch] ?? arch,
    MAINTAINER: maintainer,
    SIZE: String(Math.ceil(octets / 1024)),
  };
  const control = join(tree, "DEBIAN/control");
  const text = readFileSync(control, "utf8").replaceAll(/@([A-Z]+)@/g, (whole, name: string) => values[name] ?? whole);
  writeFileSync(control, text);
  const sum = (path: string): string =>
    createHash("md5")
      .update(readFileSync(join(tree, path)))
      .digest("hex");
  const conffiles = new Set(readFileSync(join(tree, "DEBIAN/conffiles"), "utf8").split("\n"));
  const sums = installed.filter((path) => !conffiles.has(`/${path}`)).map((path) => `${sum(path)}  ${path}\n`);
  writeFileSync(join(tree, "DEBIAN/md5sums"), sums.join(""), { mode: 0o644 });
  for (const path of filesBelow(tree)) utimesSync(join(tree, path), buildTime(), buildTime());
}

function pack(tree: string, { arch, version, compression, folder }: Options): string {
  const target = join(folder, `rulemail_${version}_${ARCHITECTURES[arch]}.deb`);
  mkdirSync(folder, { recursive: true });
  const words = ["--root-owner-group", `-Z${compression}`, "--build", tree, target];
  const env = { ...process.env, SOURCE_DATE_EPOCH: String(buildTime()) };
  const { status, stderr } = spawnSync("dpkg-deb", words, { encoding: "utf8", env });
  if (status !== 0) throw new Error(`dpkg-deb: ${stderr}`);
  return target;
}

/** Regular files, in order. */
function filesBelow(folder: string): readonly string[] {
  return entriesBelow(folder).filter((path) => lstatSync(join(folder, path)).isFile());
}

function foldersBelow(folder: string): readonly string[] {
  return entriesBelow(folder).filter((path) => lstatSync(join(folder, path)).isDirectory());
}

function entriesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).toSorted();
}

try {
  main();
} catch (error) {
  process.stderr.write(`build:deb: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
