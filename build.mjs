// Builds what users run: peggy grammars to src/generated/, then one bundle to dist/.
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import esbuild from "esbuild";
import peggy from "peggy";
import { linkParts } from "./packaging/link-parts.mjs";
import { loadParts } from "./packaging/load-parts.mjs";
import { packLines, planPacks } from "./packaging/packs.mjs";
import { plugins } from "./packaging/plugins.mjs";

const root = fileURLToPath(new URL(".", import.meta.url));

/** Start rules that a grammar offers beside its first one: a comment line "// starts: a b c" in the grammar. */
function startRules(source) {
  return /^\/\/ starts: (.+)$/m.exec(source)?.[1].trim().split(/\s+/);
}

async function buildGrammars() {
  const out = join(root, "src/generated");
  await mkdir(out, { recursive: true });
  for (const file of (await readdir(join(root, "grammar"))).filter((name) => name.endsWith(".peggy"))) {
    const path = join(root, "grammar", file);
    const name = basename(file, ".peggy");
    const target = join(out, `${name}.js`);
    const [made, wanted] = await Promise.all([stat(target).catch(() => undefined), stat(path)]);
    if (made && made.mtimeMs > wanted.mtimeMs) continue;
    const source = await readFile(path, "utf8");
    const parser = peggy.generate(source, {
      output: "source",
      format: "es",
      grammarSource: path,
      allowedStartRules: startRules(source),
    });
    await writeFile(target, parser);
    await writeFile(
      join(out, `${name}.d.ts`),
      `export interface ParseOptions { startRule?: string; grammarSource?: unknown; [key: string]: unknown }
export function parse(input: string, options?: ParseOptions): unknown;
export class SyntaxError extends Error {
  readonly location: { readonly start: { readonly offset: number; readonly line: number; readonly column: number } };
  readonly expected: readonly unknown[] | null;
  readonly found: string | null;
}
`,
    );
  }
}

/**
 * The program as scripts of CommonJS: Node starts one sooner than an ES module, and loads its parts at once instead of in turns of
 * the event loop. Only of ES modules esbuild makes parts that are loaded when they are wanted, so it has two goes.
 */
async function bundle() {
  const dist = join(root, "dist");
  await rm(dist, { recursive: true, force: true });
  await mkdir(dist);
  const { outputFiles, metafile } = await esbuild.build({
    absWorkingDir: root,
    metafile: true,
    entryPoints: [join(root, "src/main.ts"), join(root, "src/worker.ts"), join(root, "src/sessions.ts")],
    outdir: dist,
    bundle: true,
    write: false,
    splitting: true,
    platform: "node",
    target: "node24",
    format: "esm",
    minifyWhitespace: true,
    minifySyntax: true,
    sourcemap: "inline",
    sourcesContent: false,
    chunkNames: "part-[hash]",
    logLevel: "warning",
    // What modules know of where they are, scripts know by other names.
    define: {
      "import.meta.dirname": "__dirname",
      "import.meta.filename": "__filename",
      "import.meta.url": "__scriptUrl",
      "import.meta.resolve": "require.resolve",
    },
    plugins,
  });
  await writeFile(join(dist, "package.json"), '{ "type": "commonjs" }\n');
  const parts = new Map(await Promise.all(outputFiles.map(functionOf)));
  const { entries, packs, wanted } = planPacks(metafile);
  const write = (name, lines) => writeScript(join(dist, name), lines);
  for (const [name, part] of parts) if (!entries.has(name)) await write(name, [`(${HEAD}`, part, "})"]);
  for (const [name, own] of packs) await write(name, ["({", ...packLines(own, parts, HEAD), "})"]);
  for (const [name, own] of entries) await write(`program-${name}`, ["({", ...packLines(own, parts, HEAD), "})"]);
  const hash = createHash("sha256");
  for (const { text } of outputFiles) hash.update(text);
  const build = hash.digest("hex").slice(0, 16);
  for (const name of entries.keys()) {
    const words = [name, build, Object.fromEntries(wanted)].map((word) => JSON.stringify(word));
    await writeFile(
      join(dist, name),
      `"use strict";(${String(loadParts)})(${words.join(",")},__dirname,__filename);\n`,
    );
  }
}

/** What a part is in its script. */
const HEAD = "function(require,module,__dirname,__filename){";

/** For packages that ask for themselves as a URL. */
const SCRIPT_URL = 'const __scriptUrl = require("node:url").pathToFileURL(__filename).href;';

/** Its name, and what it does when it is loaded, with where that comes from. */
async function functionOf({ path, text }) {
  const { code, map } = await esbuild.transform(linkParts(text), {
    format: "cjs",
    platform: "node",
    target: "node24",
    supported: { "dynamic-import": false },
    minifyWhitespace: true,
    sourcemap: "external",
    sourcefile: basename(path),
    sourcesContent: false,
    banner: `"use strict";${text.includes("__scriptUrl") ? SCRIPT_URL : ""}`,
    logLevel: "warning",
  });
  return [basename(path), { code: code.trimEnd(), map: JSON.parse(map) }];
}

/** @param lines texts, and functions with their source maps */
async function writeScript(path, lines) {
  const sections = [];
  let line = 0;
  for (const each of lines) {
    if (each.map !== undefined) sections.push({ offset: { line, column: 0 }, map: each.map });
    line += (each.code ?? each).split("\n").length;
  }
  const text = lines.map((each) => each.code ?? each).join("\n");
  await writeFile(path, `${text}\n//# sourceMappingURL=${basename(path)}.map\n`);
  await writeFile(`${path}.map`, JSON.stringify({ version: 3, sections }));
}

await buildGrammars();
if (process.argv[2] !== "--grammars") await bundle();
