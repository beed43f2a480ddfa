/** The compiled engine; its parts are in jit/. */
export { createCompiled } from "./jit/compiled.ts";
