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
import { Memory } from "./memory.ts";
import { askAgain, Run, Waiting } from "./run.ts";
import { Runtime } from "./runtime.ts";
import { texts } from "../token-table.ts";

export function createCompiled(program: RuleProgram): Rewriter {
  const { operators, blankSub, comments = "tokens" } = program;
  const runtime = new Runtime(program);
  const memory = new Memory();
  return {
    number: (name) => program.rulesets.number(name),
    has: (ruleset) => (program.rulesets.get(ruleset)?.rules.length ?? 0) > 0,
    rewrite: (ruleset, workspace, context) => start({ runtime, memory, ruleset, workspace, keeps: false }, context),
    tokenise(text, context) {
      const { tokens = [], messages } = prescan(text, { operators, comments });
      for (const each of messages) context.message(each);
      return tokens;
    },
    join: (tokens) => catAddress(tokens, operators, blankSub),
  };
}

/** A call of a ruleset from outside. */
interface Call {
  readonly runtime: Runtime;
  readonly memory: Memory;
  readonly ruleset: number;
  readonly workspace: Tokens;
  keeps: boolean;
}

function start(call: Call, context: RewriteContext): MaybePromise<Rewritten> {
  const known = call.memory.find(call.ruleset, call.workspace);
  call.keeps = known !== undefined;
  const again = known ? askAgain(known, context) : { run: new Run(context) };
  if (!("run" in again)) return again;
  const { run, waiting } = again;
  const result = waiting ?? attempt(call, run);
  return result instanceof Waiting ? finishLater(call, run, result) : result;
}

function attempt({ runtime, memory, ruleset, workspace, keeps }: Call, run: Run): Rewritten | Waiting {
  try {
    const tokens = texts(runtime.run(ruleset, runtime.tokens.workspace(workspace), run));
    const { status } = run;
    const reason = status === EX.TEMPFAIL ? run.reason : undefined;
    const result = { tokens, status, ...(reason === undefined ? {} : { reason }), ...decided(tokens, run) };
    const { questions, answers } = run;
    if (keeps && !run.hasSpoken) memory.keep(ruleset, { input: workspace, questions, answers, result });
    return result;
  } catch (thrown) {
    if (thrown instanceof Waiting) return thrown;
    if (thrown instanceof GivenUp) {
      run.message(thrown.message);
      return thrown.rewritten;
    }
    throw thrown;
  }
}

function decided(tokens: Tokens, { decidedAt }: Run): Pick<Rewritten, "decidedAt"> | undefined {
  return tokens[0] === CANON_MAILER && decidedAt !== undefined ? { decidedAt } : undefined;
}

async function finishLater(call: Call, run: Run, first: Waiting): Promise<Rewritten> {
  let result: Rewritten | Waiting = first;
  while (result instanceof Waiting) {
    run.restart(await result.answer);
    result = attempt(call, run);
  }
  return result;
}
