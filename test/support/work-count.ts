/**
 * How much work something does, counted and not timed: blocks of our code that ran (V8's precise coverage), octets that
 * methods of strings and regular expressions looked at, elements that methods of arrays copied or searched. Equal runs
 * count the same, so a test may say that twice the input must not mean four times the work.
 *
 * Not seen: steps back inside a regular expression, and strings that are put together again and again.
 */
import { Session } from "node:inspector";

interface Sized {
  readonly length: number;
}
/** @param cost of a call on `self` with these arguments that returned `result` */
type Cost = (self: Sized, args: readonly unknown[], result: unknown) => number;
type Method = (this: unknown, ...args: unknown[]) => unknown;

let looked = 0;

const whole: Cost = (self) => self.length;
const made: Cost = (_self, _args, result) => (result as Sized).length;
const gone: Cost = (self, _args, result) => self.length - (result as Sized).length + 1;
const asked: Cost = (_self, [wanted]) => (typeof wanted === "string" ? wanted.length : 1);
/** Up to where something was found. */
const searched: Cost = (self, [, from], result) => {
  const start = typeof from === "number" ? from : 0;
  return typeof result === "number" && result >= 0 ? result - start + 1 : Math.max(self.length - start, 0);
};

/** What grows with the input. A slice of a string costs nothing: it points into the old one. */
const STRING: Readonly<Record<string, Cost>> = {
  indexOf: searched,
  includes: whole,
  lastIndexOf: (self, _args, result) => self.length - Math.max(Number(result), 0),
  replaceAll: whole,
  split: whole,
  toLowerCase: whole,
  toUpperCase: whole,
  trim: gone,
  trimEnd: gone,
  trimStart: gone,
  repeat: made,
  padEnd: made,
  padStart: made,
  startsWith: asked,
  endsWith: asked,
};
const ARRAY: Readonly<Record<string, Cost>> = {
  indexOf: searched,
  includes: whole,
  slice: made,
  concat: made,
  toSpliced: made,
  splice: whole,
  shift: whole,
  unshift: whole,
  join: whole,
};
const BUFFER: Readonly<Record<string, Cost>> = { indexOf: searched, includes: whole, toString: made };
function instrument(prototype: object, costs: Readonly<Record<string, Cost>>): void {
  const methods = prototype as Record<string, Method>;
  for (const [name, cost] of Object.entries(costs)) {
    const original = methods[name];
    methods[name] = function counted(this: unknown, ...args: unknown[]): unknown {
      const result = original.apply(this, args);
      looked += 1 + cost(this as Sized, args, result);
      return result;
    };
  }
}

/** Up to the end of what matched, or the whole text when nothing did; at its place only when sticky. */
function instrumentRegExp(): void {
  const methods = RegExp.prototype as unknown as Record<string, Method>;
  const original = methods["exec"];
  methods["exec"] = function counted(this: unknown, ...args: unknown[]): unknown {
    const { sticky, global, lastIndex } = this as RegExp;
    const [text] = args as [string];
    const from = sticky || global ? lastIndex : 0;
    const match = original.apply(this, args) as RegExpExecArray | null;
    if (match !== null) looked += match.index + match[0].length - from;
    else if (!sticky) looked += text.length - from;
    looked += 1;
    return match;
  };
}

const session = new Session();

function post(method: string, parameters: object = {}): unknown {
  let answer: unknown;
  // On the own thread it answers before it returns.
  (session.post as (...args: unknown[]) => void)(method, parameters, (error: Error | null, result: unknown) => {
    if (error !== null) throw error;
    answer = result;
  });
  return answer;
}

/** Begins to count, for as long as the process lives. Call before the code that is counted runs for the first time. */
export function startCounting(): void {
  session.connect();
  post("Profiler.enable");
  post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  instrument(String.prototype, STRING);
  instrument(Array.prototype, ARRAY);
  instrument(Buffer.prototype, BUFFER);
  instrumentRegExp();
}

interface Coverage {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly { readonly ranges: readonly { readonly count: number }[] }[];
  }[];
}

/** Blocks of our code that ran since the last call. */
function blocks(): number {
  let sum = 0;
  for (const { url, functions } of (post("Profiler.takePreciseCoverage") as Coverage).result) {
    if (!url.includes("/src/")) continue;
    for (const { ranges } of functions) for (const { count } of ranges) sum += count;
  }
  return sum;
}

/** The work of one call. */
export async function workOf(run: () => unknown): Promise<number> {
  blocks();
  looked = 0;
  await run();
  const seen = looked;
  return seen + blocks();
}
