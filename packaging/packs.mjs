/**
 * Packs: what a command loads that people wait for, as one script. Each script that a start loads costs it a look at the disk and
 * the setting up of its compiled code; a server loads two hundred parts. A part stays a script of its own, too, for all others.
 *
 * Other commands load one of the shared packs when they need more than half of it.
 *
 * A pack is `{ "./part-A.js": function (require, module) {...}, ... }`; the parts of the entry itself stand in its script.
 */
import { basename } from "node:path";

/**
 * By the source whose part begins what is in it; `after`: packs that are loaded before it, whose parts it leaves out; `also`: what
 * it needs a moment later.
 */
const PACKS = [
  { name: "pack-submit.js", source: "src/cli/submit.ts", after: [] },
  { name: "pack-configuration.js", source: "src/config/load.ts", after: [] },
  { name: "pack-queue.js", source: "src/cli/queue-print.ts", after: ["pack-configuration.js"] },
  { name: "pack-test.js", source: "src/cli/test-mode.ts", after: ["pack-configuration.js"] },
  {
    name: "pack-serve.js",
    source: "src/cli/serve.ts",
    after: ["pack-configuration.js"],
    also: ["src/smtpd/server.ts", "src/daemon/session-services.ts"],
  },
  { name: "pack-start.js", source: "src/cli/start.ts", after: ["pack-configuration.js", "pack-serve.js"] },
];

/** Those that other commands load, too. */
const SHARED = ["pack-configuration.js", "pack-serve.js"];

/** The one of the entries that loads packs. */
const LOADS = "main.js";

/**
 * @param metafile of esbuild, for a bundle in parts
 * @returns `entries`: for each entry all that its script has; `packs`: the same for each pack; `wanted`: which packs are loaded, in
 * their order, for a part
 */
export function planPacks({ outputs }) {
  const parts = new Map(Object.entries(outputs).map(([path, output]) => [basename(path), output]));
  const entries = new Map();
  for (const [name, { entryPoint }] of parts) {
    if (entryPoint !== undefined && !name.startsWith("part-")) entries.set(name, closure(parts, name, []));
  }
  const packs = new Map();
  const wanted = new Map();
  for (const { name, source, after, also = [] } of PACKS) {
    const root = partOf(parts, source);
    const before = [entries.get(LOADS), ...after.map((each) => packs.get(each))].flat();
    const roots = [root, ...also.map((each) => partOf(parts, each))];
    packs.set(name, [...new Set(roots.flatMap((each) => closure(parts, each, before)))]);
    want(wanted, root, [...after, name]);
  }
  for (const [name, { entryPoint }] of parts) {
    if (entryPoint === undefined || entries.has(name) || wanted.has(`./${name}`)) continue;
    const needed = closure(parts, name, entries.get(LOADS));
    const useful = SHARED.filter((pack) => {
      const own = packs.get(pack);
      return own.filter((part) => needed.includes(part)).length * 2 > own.length;
    });
    if (useful.length > 0) want(wanted, name, useful);
  }
  return { entries, packs, wanted };
}

function want(wanted, part, packs) {
  wanted.set(
    `./${part}`,
    packs.map((each) => `./${each}`),
  );
}

/** The part that others load for a source: where several need what it is made of, it says only where that is. */
function partOf(parts, source) {
  const all = [...parts];
  const [name] =
    all.find(([, { entryPoint }]) => entryPoint === source) ?? all.find(([, { inputs }]) => source in inputs) ?? [];
  if (name === undefined) throw new Error(`no part has ${source}: correct PACKS`);
  return name;
}

/** A part and all that it imports, what is imported first. */
function closure(parts, root, without) {
  const found = new Set();
  const walk = (name) => {
    if (found.has(name) || without.includes(name)) return;
    found.add(name);
    for (const { path, kind } of parts.get(name)?.imports ?? []) {
      if (kind === "import-statement" && parts.has(basename(path))) walk(basename(path));
    }
  };
  walk(root);
  return [...found];
}

/** The inside of a pack, line by line. @param parts by name, what they do: texts, or what has text as `code` */
export function packLines(names, parts, head) {
  return names.flatMap((name) => [`"./${name}":${head}`, parts.get(name), "},"]);
}
