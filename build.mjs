// Builds what users run: peggy grammars to src/generated/, then one bundle to dist/.
import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import esbuild from "esbuild";
import peggy from "peggy";
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

async function bundle() {
  await rm(join(root, "dist"), { recursive: true, force: true });
  await esbuild.build({
    entryPoints: [join(root, "src/main.ts"), join(root, "src/worker.ts"), join(root, "src/sessions.ts")],
    outdir: join(root, "dist"),
    bundle: true,
    splitting: true,
    platform: "node",
    target: "node24",
    format: "esm",
    minifyWhitespace: true,
    minifySyntax: true,
    sourcemap: "linked",
    sourcesContent: false,
    chunkNames: "part-[hash]",
    logLevel: "warning",
    plugins,
    // CommonJS packages inside an ES module bundle ask for require().
    banner: {
      js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
    },
  });
}

await buildGrammars();
if (process.argv[2] !== "--grammars") await bundle();
