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
import { Run, Waiting } from "./run.ts";
import { Runtime } from "./runtime.ts";
import type { Workspace } from "../token-table.ts";
import { texts } from "../token-table.ts";

export function createCompiled(program: RuleProgram): Rewriter {
  const { operators, blankSub, comments = "tokens" } = program;
  const runtime = new Runtime(program);
  return {
    number: (name) => program.rulesets.number(name),
    has: (ruleset) => (program.rulesets.get(ruleset)?.rules.length ?? 0) > 0,
    rewrite: (ruleset, workspace, context) => start(runtime, ruleset, runtime.tokens.workspace(workspace), context),
    tokenise(text, context) {
      const { tokens = [], messages } = prescan(text, { operators, comments });
      for (const each of messages) context.message(each);
      return tokens;
    },
    join: (tokens) => catAddress(tokens, operators, blankSub),
  };
}

function start(
  runtime: Runtime,
  ruleset: number,
  workspace: Workspace,
  context: RewriteContext,
): MaybePromise<Rewritten> {
  const run = new Run(context);
  const result = attempt(runtime, ruleset, workspace, run);
  return result instanceof Waiting ? finishLater(runtime, ruleset, workspace, run, result) : result;
}

function attempt(runtime: Runtime, ruleset: number, workspace: Workspace, run: Run): Rewritten | Waiting {
  try {
    const tokens = texts(runtime.run(ruleset, workspace, run));
    const { status, reason } = run;
    if (status === EX.TEMPFAIL && reason !== undefined) return { tokens, status, reason, ...decided(tokens, run) };
    return { tokens, status, ...decided(tokens, run) };
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

async function finishLater(
  runtime: Runtime,
  ruleset: number,
  workspace: Workspace,
  run: Run,
  first: Waiting,
): Promise<Rewritten> {
  let result: Rewritten | Waiting = first;
  while (result instanceof Waiting) {
    run.restart(await result.answer);
    result = attempt(runtime, ruleset, workspace, run);
  }
  return result;
}
