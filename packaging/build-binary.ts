/**
 * `npm run build:binary [-- --arch=arm64]`: the one executable file, dist/rulemail (for another architecture than this machine's:
 * dist/rulemail-linux-ARCH), with SHA256SUMS and an SBOM beside it. Needs what `npm ci` installs, and no network.
 *
 * 1. The pinned Node loses its symbols (elf.ts). 2. A file that records compiled code is made and run (recorder.ts, warm-up.ts).
 * 3. Scripts, that code, macros/, cf/ and the licences become one blob, which postject puts into the Node of step 1.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { Script } from "node:vm";
import { brotliCompressSync } from "node:zlib";
import { inject } from "postject";
import { architectureOf, stripped } from "./elf.ts";
import { licences } from "./licences.ts";
import { buildScripts, mainScript, type Scripts } from "./scripts.ts";
import { PACKED } from "../src/sys/program-files.ts";
import { recordCode } from "./warm-up.ts";

const root = join(import.meta.dirname, "..");
/** Where Node looks for the blob, and what tells it that there is one. */
const [RESOURCE, FUSE] = ["NODE_SEA_BLOB", "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2"];
/** Octets. */
const LARGEST = 115_000_000;

/**
 * Options of Node for every process of the file. No option of V8 is among them: with one, V8 takes no code that was compiled
 * without. OpenSSL reads the file of this option in place of the one that OPENSSL_CONF names. One thread for V8's work in the
 * background is what rulemail's processes need; and a signal that anybody of the same user can send opens no debugger. After the last
 * word Node takes none for its own: the next one is what the caller wrote as argv[0], which may be `--require=FILE`, or `-sendmail`.
 */
const NODE_OPTIONS = ["--openssl-config=/dev/null", "--v8-pool-size=1", "--disable-sigusr1", "--"];

/** Compiled code that is left out for the sake of LARGEST: `rulemail start` is called once in the life of a site. */
const NO_ROOM = "pack-start.cache";

/** A script that is packed although a start waits for it, for the sake of LARGEST: a server's, which is a millionth of its life. */
const PACKED_ALL_THE_SAME = "pack-serve.js";

/** Main script of the second thread (src/daemon/sessions/session-thread.ts). */
const THREAD = "sessions-main.js";

interface Parts {
  /** Node without symbols. */
  readonly node: Buffer;
  /** The main script. */
  readonly main: string;
  /** By name. */
  readonly assets: ReadonlyMap<string, Buffer>;
  /** Whether the main script is compiled beforehand, too: not for another architecture. */
  readonly isOurs: boolean;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { arch: { type: "string", default: process.arch }, node: { type: "string" } },
  });
  const { arch } = values;
  const folder = values.node ?? join(root, "node_modules", `node-linux-${arch}`);
  const work = mkdtempSync(join(tmpdir(), "rulemail-binary-"));
  chmodSync(work, 0o755);
  try {
    const node = nodeOf(folder, arch);
    const scripts = await buildScripts();
    const isOurs = arch === process.arch;
    const assets = await allAssets(scripts, licences(scripts.metafile, folder));
    const { code, ofThreads } = isOurs ? await compiledCode(work, node, assets) : NOTHING_COMPILED;
    for (const [name, octets] of code) if (name !== NO_ROOM) assets.set(name, octets);
    packWhatIsRare(assets, ofThreads);
    const target = join(root, "dist", isOurs ? "rulemail" : `rulemail-linux-${arch}`);
    const size = await writeBinary(target, work, {
      node,
      main: await mainScript(join(root, "src/executable.ts")),
      assets,
      isOurs,
    });
    if (size > LARGEST) throw new Error(`${target} has ${size} octets, more than ${LARGEST}`);
    writeFileSync(`${target}.sbom.json`, sbom());
    writeSums(join(root, "dist"));
    process.stdout.write(`${target}: ${(size / 1e6).toFixed(1)} MB\n`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** @throws when the package is not there, or has another version or architecture than wanted */
function nodeOf(folder: string, arch: string): Buffer {
  const file = join(folder, "bin", "node");
  if (!existsSync(file)) {
    const { optionalDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
      optionalDependencies: Readonly<Record<string, string>>;
    };
    const name = `node-linux-${arch}`;
    const wanted = optionalDependencies[name] === undefined ? "" : `: npm pack ${name}@${optionalDependencies[name]}`;
    throw new Error(
      `no Node for ${arch} in ${folder}${wanted}; unpack it, and name its folder package/ with --node=FOLDER`,
    );
  }
  const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { version: string };
  if (version !== process.versions.node) {
    throw new Error(
      `${folder} has Node ${version}, and this is ${process.versions.node}: run it with npm run build:binary`,
    );
  }
  const octets = readFileSync(file);
  const found = architectureOf(octets);
  if (found !== arch) throw new Error(`${file} is for ${found ?? "nothing that is known here"}, not for ${arch}`);
  return stripped(octets);
}

async function allAssets({ texts }: Scripts, licenceTexts: string): Promise<Map<string, Buffer>> {
  const assets = new Map<string, Buffer>();
  for (const [name, text] of texts) assets.set(`${name}.js`, Buffer.from(text, "latin1"));
  for (const folder of ["macros", "cf"]) {
    for (const entry of await readdir(join(root, folder), { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (entry.isFile()) assets.set(path.slice(root.length + 1), readFileSync(path));
    }
  }
  assets.set(THREAD, Buffer.from(await mainScript(join(root, "src/sessions-of-file.ts")), "latin1"));
  return assets.set("licences.txt", Buffer.from(licenceTexts, "utf8"));
}

/** What was compiled while a file like the one to be made ran, by the names of the assets. */
async function compiledCode(work: string, node: Buffer, assets: ReadonlyMap<string, Buffer>): Promise<CompiledScripts> {
  const recording = join(work, "rulemail");
  await writeBinary(recording, work, {
    node,
    main: await mainScript(join(import.meta.dirname, "recorder.ts")),
    assets: new Map(assets).set(THREAD, await threadRecorder()),
    isOurs: true,
  });
  const { folder, ofThreads } = await recordCode(recording, work);
  const names = (await readdir(folder)).filter((name) => name.endsWith(".cache"));
  const code = new Map(names.map((name) => [name, readFileSync(join(folder, name))]));
  for (const [name, cachedData] of code) checkTaken(name, assets.get(name.replace(".cache", ".js"))!, cachedData);
  return { code, ofThreads };
}

/** Code that V8 does not take is no error anywhere, and makes every start slow. @throws */
function checkTaken(name: string, source: Buffer, cachedData: Buffer): void {
  const { cachedDataRejected } = new Script(source.toString("latin1"), { cachedData });
  if (cachedDataRejected !== true) return;
  throw new Error(`V8 does not take ${name}: it was compiled with other options (standardHeap of src/sys/heap.ts)`);
}

async function threadRecorder(): Promise<Buffer> {
  return Buffer.from(await mainScript(join(import.meta.dirname, "thread-recorder.ts")), "latin1");
}

interface CompiledScripts {
  /** By the names of the assets. */
  readonly code: ReadonlyMap<string, Buffer>;
  /** Scripts that only the thread of the sessions runs: nobody waits for them while they are unpacked. */
  readonly ofThreads: ReadonlySet<string>;
}

const NOTHING_COMPILED: CompiledScripts = { code: new Map(), ofThreads: new Set() };

/** Texts, and scripts that did not run while code was recorded, if any was, or that nobody waits for. */
function packWhatIsRare(assets: Map<string, Buffer>, ofThreads: CompiledScripts["ofThreads"]): void {
  const isRecorded = assets.has("main.cache");
  for (const [name, octets] of Array.from(assets)) {
    const code = name.replace(/\.js$/, ".cache");
    const isAside = ofThreads.has(name.replace(/\.js$/, ""));
    const isRare = code === name || isAside || name === PACKED_ALL_THE_SAME || (isRecorded && !assets.has(code));
    if (name.endsWith(".cache") || name === THREAD || !isRare) continue;
    assets.delete(name);
    assets.set(name + PACKED, brotliCompressSync(octets));
  }
}

/** @returns its size in octets */
async function writeBinary(
  target: string,
  work: string,
  { node, main: script, assets, isOurs }: Parts,
): Promise<number> {
  const place = (name: string): string => join(work, name.replaceAll("/", "%"));
  for (const [name, octets] of assets) writeFileSync(place(name), octets);
  writeFileSync(place("main"), script);
  const config = {
    main: place("main"),
    output: place("blob"),
    disableExperimentalSEAWarning: true,
    useCodeCache: isOurs,
    execArgvExtension: "none",
    execArgv: NODE_OPTIONS,
    assets: Object.fromEntries([...assets.keys()].map((name) => [name, place(name)])),
  };
  writeFileSync(place("config"), JSON.stringify(config));
  const made = spawnSync(process.execPath, ["--experimental-sea-config", place("config")], { encoding: "utf8" });
  if (made.status !== 0) throw new Error(`node --experimental-sea-config: ${made.stderr}`);
  rmSync(target, { force: true });
  writeFileSync(target, node, { mode: 0o755 });
  await quietly(() => inject(target, RESOURCE, readFileSync(place("blob")), { sentinelFuse: FUSE }));
  chmodSync(target, 0o755);
  return readFileSync(target).length;
}

/** postject says of each note of a program that it has no name. */
async function quietly(work: () => Promise<void>): Promise<void> {
  const { warn, error } = console;
  const said: unknown[] = [];
  console.warn = console.error = (...words: unknown[]) => void said.push(...words);
  try {
    await work();
  } catch (reason) {
    throw new Error(`postject: ${[reason, ...said].join("\n")}`, { cause: reason });
  } finally {
    Object.assign(console, { warn, error });
  }
}

/** What the packages are, in CycloneDX's words: npm knows. */
function sbom(): string {
  const words = ["sbom", "--sbom-format=cyclonedx", "--package-lock-only", "--omit=dev"];
  const { npm_execpath: npm } = process.env;
  const [program, ...first] = npm === undefined ? ["npm"] : [process.execPath, npm];
  const { status, stdout, stderr } = spawnSync(program, [...first, ...words], { cwd: root, encoding: "utf8" });
  if (status !== 0) throw new Error(`npm sbom: ${stderr}`);
  return stdout;
}

/** As sha256sum(1) writes it: `sha256sum -c SHA256SUMS` in that folder. */
function writeSums(folder: string): void {
  const files = ["rulemail", "rulemail-linux-x64", "rulemail-linux-arm64"].flatMap((name) => [
    name,
    `${name}.sbom.json`,
  ]);
  const lines = files
    .map((name) => join(folder, name))
    .filter((file) => existsSync(file))
    .map((file) => `${createHash("sha256").update(readFileSync(file)).digest("hex")}  ${basename(file)}\n`);
  writeFileSync(join(folder, "SHA256SUMS"), lines.join(""));
}

await main();
