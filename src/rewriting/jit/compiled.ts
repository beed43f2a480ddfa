/**
 * The engine that mail uses: each ruleset becomes a JavaScript function when it is first called.
 *
 * It must come to the same tokens, status, messages and macro side effects as the interpreter; it does not trace.
 */
import type { MaybePromise } from "../../sys/maybe-promise.ts";
import { EX } from "../../sys/sysexits.ts";
import { catAddress } from "../cat-address.ts";
import { GivenUp } from "../given-up.ts";
import { prescan } from "../prescan.ts";
import type { RuleProgram } from "../program.ts";
import type { RewriteContext, Rewriter, Rewritten } from "../rewriter.ts";
import { CANON_MAILER, type Tokens } from "../tokens.ts";
import { Memory, type Remembered } from "./memory.ts";
import { type Again, askAgain, Run, Waiting } from "./run.ts";
import { Runtime } from "./runtime.ts";
import { WorkMemory } from "./work.ts";
import { texts } from "../token-table.ts";

export function createCompiled(program: RuleProgram): Rewriter {
  const { operators, blankSub, comments = "tokens" } = program;
  let engine: Engine | undefined;
  // Many a command reads a configuration and asks its rules nothing.
  const use = (): Engine =>
    (engine ??= { runtime: new Runtime(program), memory: new Memory(), work: new WorkMemory() });
  return {
    number: (name) => program.rulesets.number(name),
    has: (ruleset) => (program.rulesets.get(ruleset)?.size ?? 0) > 0,
    rewrite: (ruleset, workspace, context) => start(engine ?? use(), ruleset, workspace, context),
    remember: (key, context, work) => (engine ?? use()).work.remember(key, context, work),
    setMacro: (scope, name, value) => (engine ?? use()).work.setMacro(scope, name, value),
    tokenise(text, context) {
      const { tokens = [], messages } = prescan(text, { operators, comments });
      for (const each of messages) context.message(each);
      return tokens;
    },
    join: (tokens) => catAddress(tokens, operators, blankSub),
  };
}

interface Engine {
  readonly runtime: Runtime;
  readonly memory: Memory;
  readonly work: WorkMemory;
}

/** A call of a ruleset from outside. */
interface Call {
  readonly ruleset: number;
  readonly workspace: Tokens;
  /** Its end is to be remembered. */
  readonly keeps: boolean;
}

function start(engine: Engine, ruleset: number, workspace: Tokens, context: RewriteContext): MaybePromise<Rewritten> {
  const { memory, work } = engine;
  const retold = work.retold(ruleset, workspace);
  if (retold !== undefined) {
    if (!("run" in retold)) return told(work, retold);
    return proceed(engine, { ruleset, workspace, keeps: true }, retold);
  }
  const known = memory.find(ruleset, workspace);
  const call = { ruleset, workspace, keeps: known !== undefined };
  if (!known) return proceed(engine, call, { run: new Run(context) });
  const again = askAgain(known, context);
  return "run" in again ? proceed(engine, call, again) : told(work, known);
}

function told(work: WorkMemory, run: Remembered): Rewritten {
  work.heard(run);
  return run.result;
}

function proceed(engine: Engine, call: Call, { run, waiting }: Again): MaybePromise<Rewritten> {
  const result = waiting ?? attempt(engine, call, run);
  if (!(result instanceof Waiting)) return result;
  engine.work.heard(undefined);
  return finishLater(engine, call, run, result);
}

function attempt({ runtime, memory, work }: Engine, call: Call, run: Run): Rewritten | Waiting {
  const { ruleset, workspace } = call;
  try {
    const tokens = texts(runtime.run(ruleset, runtime.tokens.workspace(workspace), run));
    const { status } = run;
    const reason = status === EX.TEMPFAIL ? run.reason : undefined;
    const result = { tokens, status, ...(reason === undefined ? {} : { reason }), ...decided(tokens, run) };
    if (call.keeps || work.listens) {
      const remembered = run.hasSpoken ? undefined : { ruleset, input: workspace, ...run.asked(), result };
      if (call.keeps && remembered !== undefined) memory.keep(remembered);
      work.heard(remembered);
    }
    return result;
  } catch (thrown) {
    if (thrown instanceof Waiting) return thrown;
    if (thrown instanceof GivenUp) {
      work.heard(undefined);
      run.message(thrown.message);
      return thrown.rewritten;
    }
    throw thrown;
  }
}

function decided(tokens: Tokens, { decidedAt }: Run): Pick<Rewritten, "decidedAt"> | undefined {
  return tokens[0] === CANON_MAILER && decidedAt !== undefined ? { decidedAt } : undefined;
}

async function finishLater(engine: Engine, call: Call, run: Run, first: Waiting): Promise<Rewritten> {
  let result: Rewritten | Waiting = first;
  while (result instanceof Waiting) {
    run.restart(await result.answer);
    result = attempt(engine, call, run);
  }
  return result;
}
