/** A context that passes on what is said, and keeps the first of it: whoever did something there knows whether all went well. */
import type { MacroScope } from "./macro-scope.ts";
import type { RewriteContext } from "./rewriter.ts";

export class HeardContext implements RewriteContext {
  readonly scope: MacroScope;
  readonly deferred: boolean;
  /** What was said first. */
  said: string | undefined;
  readonly #context: RewriteContext;
  readonly #counts: (text: string) => boolean;

  /** @param counts whether a text is one to be kept; default: each is */
  constructor(context: RewriteContext, counts: (text: string) => boolean = always) {
    this.scope = context.scope;
    this.deferred = context.deferred;
    this.#context = context;
    this.#counts = counts;
  }

  message(text: string): void {
    if (this.said === undefined && this.#counts(text)) this.said = text;
    this.#context.message(text);
  }

  lost(): void {
    this.#context.lost?.();
  }
}

function always(): boolean {
  return true;
}
