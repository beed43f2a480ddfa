/**
 * What goes wrong in the life of a process, drawn from a seed: it is killed, the power fails, operations fail once, for a while
 * or from some moment on, the disk is full for a while. All of it at any operation of the queue on its files.
 */
import type { Random } from "../support/fuzz.ts";
import type { Crash, FaultyFiles, Operation } from "../support/faulty-files.ts";

export interface Plan {
  /** For people. */
  readonly text: string;
  /** How the life ends; undefined: the store is closed. */
  readonly crash?: Crash;
  /** Operations from this one on do not happen. */
  readonly stopBefore: number;
  /** From operation `from` on, the next `count` of these kinds (none: of all kinds) fail with this code. */
  readonly fault?: {
    readonly from: number;
    readonly count: number;
    readonly code: string;
    readonly kinds: readonly Operation["kind"][];
  };
  /** The disk takes so many octets more, until this operation. */
  readonly full?: { readonly free: number; readonly to: number };
}

/** Operations in a life, about. */
const OPERATIONS = 260;

const KINDS: readonly (readonly Operation["kind"][])[] = [
  [],
  ["datasync"],
  ["datasync", "syncFolder"],
  ["write"],
  ["rename", "unlink"],
  ["create", "open"],
];

function drawFault(random: Random): Pick<Plan, "text" | "fault"> {
  const from = 1 + random(OPERATIONS);
  const count = [1, 1, 1, 2, 10, 60, Infinity][random(7)];
  const code = ["EIO", "EIO", "ENOSPC", "EROFS", "EDQUOT"][random(5)];
  const kinds = KINDS[random(KINDS.length)];
  const which = kinds.length === 0 ? "operations" : kinds.join(" or ");
  return { text: `${code} from ${from} on for ${count} ${which}`, fault: { from, count, code, kinds } };
}

function drawEnd(random: Random): Pick<Plan, "text" | "crash" | "stopBefore"> {
  const stopBefore = 1 + random(OPERATIONS);
  switch (random(3)) {
    case 0:
      return { text: `killed before ${stopBefore}`, crash: "process", stopBefore };
    case 1: {
      const seed = random(1_000_000);
      return { text: `power fails before ${stopBefore} (${seed})`, crash: seed, stopBefore };
    }
    default:
      return { text: "closed", stopBefore: Infinity };
  }
}

export function drawPlan(random: Random): Plan {
  const end = drawEnd(random);
  switch (random(4)) {
    case 0: {
      const free = random(12_000);
      const to = 1 + random(OPERATIONS);
      return { ...end, text: `${free} octets free until ${to}, ${end.text}`, full: { free, to } };
    }
    case 1:
    case 2: {
      const { text, fault } = drawFault(random);
      return { ...end, text: `${text}, ${end.text}`, ...(fault === undefined ? {} : { fault }) };
    }
    default:
      return end;
  }
}

/** What was hit: operation and kind of file → how often. */
export type Hits = Map<string, number>;

function hit(hits: Hits, { kind, path }: Pick<Operation, "kind" | "path">): void {
  const [, name] = /([^/]*)$/.exec(path)!;
  const what = name.endsWith(".journal") ? "segment" : (/^(qf|hf|df|tf|Qf)/.exec(name)?.[1] ?? "folder");
  const key = `${kind} ${what}`;
  hits.set(key, (hits.get(key) ?? 0) + 1);
}

/** Hears of everything that happens, for whoever looks at one run. */
export type Trace = (line: string) => void;

/** Makes the files behave as planned. @returns whether something may still fail from now on */
export function arm(files: FaultyFiles, plan: Plan, hits: Hits, trace: Trace): () => boolean {
  const { fault, full } = plan;
  let left = fault?.count ?? 0;
  files.stopBefore = plan.stopBefore;
  if (full !== undefined) files.free = full.free;
  files.inject = (operation) => {
    if (full !== undefined && operation.number === full.to) files.free = Infinity;
    trace(`${operation.number} ${operation.kind} ${operation.path}`);
    if (operation.number + 1 === plan.stopBefore) hit(hits, operation);
    if (fault === undefined || left === 0 || operation.number < fault.from) return undefined;
    if (fault.kinds.length > 0 && !fault.kinds.includes(operation.kind)) return undefined;
    left--;
    hit(hits, operation);
    trace(`  fails with ${fault.code}`);
    return fault.code;
  };
  return () => files.isStopped || left > 0 || (full !== undefined && files.operations < full.to);
}
