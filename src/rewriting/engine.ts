/** Which engine runs a program: the compiled one, unless somebody wants to watch. */
import { createInterpreter } from "./interpreter.ts";
import { createCompiled } from "./jit.ts";
import type { RuleProgram } from "./program.ts";
import type { Rewriter } from "./rewriter.ts";

/** Only the interpreter traces, so a program with a trace gets the interpreter; both give the same answers. */
export function createRewriter(program: RuleProgram): Rewriter {
  return program.trace ? createInterpreter(program) : createCompiled(program);
}
