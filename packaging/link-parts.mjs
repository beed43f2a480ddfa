/**
 * How the scripts of a bundle find each other. What esbuild makes of imports and exports in scripts are getters, so that a name that
 * changes later is seen to change: each call from one part to another pays for that until it is hot. No export of ours changes after its
 * module ran, and no two parts import each other, so here they are constants, looked up once.
 */

const IMPORT = /(?<=^|[;}\n])import(?: (\w+) |\*as (\w+) |(\{[^}]*\}))from"(node:[^"]+|\.\/part-[A-Z0-9]+\.js)";/g;
const EXPORT = /(?<=^|[;}\n])export\{([^}]*)\};/g;

/** @param text a part as an ES module, white space left out; the same with `require` and `module.exports` */
export function linkParts(text) {
  return text
    .replaceAll(IMPORT, (_, main, all, names, from) => {
      const kind = main ?? all ?? names.replaceAll(/ as /g, ":");
      return `const ${kind}=require("${from}");`;
    })
    .replaceAll(EXPORT, (_, names) => {
      const pairs = names.split(",").map((name) => name.split(" as ").toReversed().join(":"));
      return `module.exports={${pairs.join(",")}};`;
    });
}
