/**
 * What the scripts dist/main.js, dist/worker.js and dist/sessions.js are: they load the program that has their name, in parts, and
 * keep what V8 has compiled of it for the next start. Node's own cache has only what is compiled when a script is loaded: nearly no
 * function that is called later.
 *
 * The function is written to these scripts as it stands here, and knows nothing of this file.
 */

/**
 * @param program name of the script
 * @param build changes with the program
 * @param packs which packs are loaded for a part
 */
export function loadParts(program, build, packs, folder, file) {
  const { mkdirSync, readFileSync, renameSync, writeFileSync } = process.getBuiltinModule("node:fs");
  const { Script } = process.getBuiltinModule("node:vm");
  // V8 takes compiled code only with the options that it was compiled with. Beside the program only its owner can put any.
  const surroundings = [process.version, process.arch, ...process.execArgv, process.env.NODE_OPTIONS ?? ""].join("");
  const kept = `${folder}/.cache/${build}-${surroundings.replaceAll(/[^\w.=-]/g, "").slice(0, 200)}`;
  const parts = {};
  const modules = new Map();
  let compiled = [];

  /** The value of a script. @param use what it is loaded for: another one calls other functions */
  const run = (name, use = "") => {
    const path = `${folder}/${name}`;
    const place = `${kept}/${name}${use}`;
    let cachedData;
    try {
      cachedData = readFileSync(place);
    } catch {
      // It is the first time.
    }
    const script = new Script(readFileSync(path, "latin1"), { filename: path, cachedData });
    if (cachedData === undefined || script.cachedDataRejected) compiled?.push([place, script]);
    return script.runInThisContext();
  };

  const load = (name) => {
    if (!name.startsWith("./")) return process.getBuiltinModule(name);
    const known = modules.get(name);
    if (known !== undefined) return known.exports;
    // Its pack may be loaded for another one already.
    for (const pack of parts[name] === undefined ? (packs[name] ?? []) : [])
      Object.assign(parts, run(pack, `-${name.slice(2)}`));
    const module = { exports: {} };
    modules.set(name, module);
    (parts[name] ?? run(name))(load, module, folder, file);
    return module.exports;
  };

  const keep = () => {
    const all = compiled ?? [];
    compiled = undefined;
    for (const [place, script] of all) {
      try {
        mkdirSync(kept, { recursive: true, mode: 0o755 });
        const aside = `${place}.${process.pid}`;
        writeFileSync(aside, script.createCachedData(), { mode: 0o644 });
        renameSync(aside, place);
      } catch {
        return; // the next start compiles again
      }
    }
  };
  process.once("exit", keep);
  // For whoever sets options of V8 (src/sys/compiled-code.ts).
  process[Symbol.for("rulemail.keepCompiledCode")] = keep;
  Object.assign(parts, run(`program-${program}`));
  load(`./${program}`);
}
