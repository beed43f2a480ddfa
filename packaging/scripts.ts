/**
 * The scripts that the one executable file carries: the parts and packs of a bundle like that of dist/, as functions of CommonJS
 * (src/cli/one-file-scripts.ts loads them), since code that is compiled beforehand is kept for scripts, not for modules; and its
 * main script.
 */
import { basename, join } from "node:path";
import esbuild, { type BuildOptions } from "esbuild";
import { linkParts } from "./link-parts.mjs";
import { packLines, planPacks } from "./packs.mjs";
import { plugins } from "./plugins.mjs";

const root = join(import.meta.dirname, "..");

/** What esbuild says of a bundle. */
export type Metafile = NonNullable<esbuild.BuildResult["metafile"]>;

export interface Scripts {
  /** By name: `main`, `worker`, `sessions`, packs, and parts. */
  readonly texts: ReadonlyMap<string, string>;
  readonly metafile: Metafile;
}

const COMMON: BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  write: false,
  platform: "node",
  target: "node24",
  // Names stay: they are what errors quote.
  minifyWhitespace: true,
  minifySyntax: true,
  charset: "ascii",
  legalComments: "none",
  define: {
    // Where a file of the source lies means nothing here (src/sys/program-files.ts).
    "import.meta.dirname": '"/"',
    "import.meta.filename": '"/rulemail.js"',
    "import.meta.url": '"file:///rulemail.js"',
    // Packages look at it; the environment of a caller says nothing about a mail server.
    "process.env.NODE_ENV": '"production"',
  },
  plugins,
  logLevel: "warning",
};

/** What a part is in its script. */
const HEAD = "function(require,module){";

export async function buildScripts(): Promise<Scripts> {
  const { outputFiles, metafile } = await esbuild.build({
    ...COMMON,
    entryPoints: {
      main: join(root, "src/cli/main.ts"),
      worker: join(root, "src/mailbox/worker.ts"),
      sessions: join(root, "src/daemon/sessions/thread.ts"),
    },
    outdir: "scripts",
    splitting: true,
    format: "esm",
    chunkNames: "part-[hash]",
    metafile: true,
    // As in dist/: CommonJS packages ask for require(), which each function has.
  });
  const parts = new Map<string, string>();
  for (const { path, text } of outputFiles!) parts.set(basename(path), await asScript(text));
  const { entries, packs, wanted } = planPacks(metafile);
  const texts = new Map<string, string>();
  const add = (name: string, lines: readonly string[]): unknown => texts.set(basename(name, ".js"), lines.join("\n"));
  for (const [name, part] of parts) if (!entries.has(name)) add(name, [`(${HEAD}`, part, "})"]);
  for (const [name, own] of packs) add(name, ["({", ...packLines(own, parts, HEAD), "})"]);
  const packed = JSON.stringify(Object.fromEntries(wanted));
  for (const [name, own] of entries) add(name, ["({parts:{", ...packLines(own, parts, HEAD), `},packs:${packed}})`]);
  return { texts, metafile };
}

/** The main script of a file, or of its second thread. @param entry its source */
export async function mainScript(entry: string): Promise<string> {
  const { outputFiles } = await esbuild.build({ ...COMMON, entryPoints: [entry], format: "cjs" });
  return outputFiles![0].text;
}

async function asScript(text: string): Promise<string> {
  const { code } = await esbuild.transform(linkParts(text), {
    format: "cjs",
    target: "node24",
    supported: { "dynamic-import": false },
    minifyWhitespace: true,
    charset: "ascii",
  });
  return `"use strict";${code.trimEnd()}`;
}
