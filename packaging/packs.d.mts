import type { Metafile } from "esbuild";

export interface Packs {
  readonly entries: ReadonlyMap<string, readonly string[]>;
  readonly packs: ReadonlyMap<string, readonly string[]>;
  readonly wanted: ReadonlyMap<string, readonly string[]>;
}

export function planPacks(metafile: Pick<Metafile, "outputs">): Packs;
export function packLines<Text>(
  names: readonly string[],
  parts: ReadonlyMap<string, Text>,
  head: string,
): (string | Text)[];
