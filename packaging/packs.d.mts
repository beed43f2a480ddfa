import type { Metafile } from "esbuild";

export interface Packs {
  readonly entries: ReadonlyMap<string, readonly string[]>;
  readonly packs: ReadonlyMap<string, readonly string[]>;
  readonly wanted: ReadonlyMap<string, readonly string[]>;
}

export function planPacks(metafile: Pick<Metafile, "outputs">): Packs;
export const HEAD: string;
export const FOOT: string;
export function packLines<Text>(names: readonly string[], parts: ReadonlyMap<string, Text>): (string | Text)[];
