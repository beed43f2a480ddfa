/**
 * Runs test files as Node itself would: a worker loads each module once, whichever of its test files asks for it first, and
 * strips types by itself. Jest's own runtime gives every file a world of its own, and loads some hundred modules anew for each.
 *
 * What a test file leaves behind the next one in the same worker finds: modules of src/ keep no state between tests
 * (docs/decisions/0034-one-world-for-all-tests.md), and tests put back what they change of the process.
 *
 * Offers what jest-runner and jest-circus ask of a runtime, and of the object `jest` what tests need: spyOn and restoreAllMocks.
 */
import { createRequire, registerHooks } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const require = createRequire(import.meta.url);

// Processes that tests start read src/ too: Node keeps what it has made of a file for the next one. This process does without:
// it would keep jest's own files as well, and so take longer to end than jest waits.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, "../../node_modules/.cache/rulemail-tests");

const { ModuleMocker } = require("jest-mock");
const mocker = new ModuleMocker(globalThis);

/** What "@jest/globals" exports: the same functions for all files of a worker. */
export const jestGlobals = {
  jest: {
    spyOn: mocker.spyOn.bind(mocker),
    restoreAllMocks: mocker.restoreAllMocks.bind(mocker),
  },
};

const GLOBALS = pathToFileURL(join(import.meta.dirname, "jest-globals.mjs")).href;
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === "@jest/globals" ? { url: GLOBALS, shortCircuit: true } : next(specifier, context),
});

/** Where jest-circus keeps who hears of events: the first ones are its own, the others belong to one file. */
const HANDLERS = Symbol.for("EVENT_HANDLERS");
const OWN_HANDLERS = 2;
/** Where it keeps what a file has defined. */
const STATE = "JEST_STATE_SYMBOL";
let stateKey;

/** As if jest-circus had just been loaded. */
function freshFramework(file) {
  const framework = require(file);
  stateKey ??= Object.getOwnPropertySymbols(globalThis).find(({ description }) => description === STATE);
  const { resetState, getState } = require("jest-circus");
  resetState();
  globalThis[stateKey] = getState();
  globalThis[HANDLERS].length = OWN_HANDLERS;
  return framework;
}

/** How often a file was run here: what a watching jest runs again is loaded again. */
const runs = new Map();

export default class NativeRuntime {
  requireInternalModule(file) {
    return freshFramework(file);
  }

  setGlobalsForRuntime(globals) {
    Object.assign(jestGlobals, globals);
  }

  unstable_shouldLoadAsEsm() {
    return true;
  }

  async unstable_importModule(file) {
    const { href } = pathToFileURL(file);
    const run = runs.get(file) ?? 0;
    runs.set(file, run + 1);
    return import(run === 0 ? href : `${href}?run=${run}`);
  }

  requireModule(file) {
    return require(file);
  }

  /** Stripped types leave every line where it was. */
  getSourceMaps() {
    return new Map();
  }

  getAllCoverageInfoCopy() {
    return undefined;
  }

  enterTestCode() {}
  leaveTestCode() {}
  teardown() {}
}
