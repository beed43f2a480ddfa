export function loadParts(
  program: string,
  build: string,
  packs: Readonly<Record<string, readonly string[]>>,
  folder: string,
  file: string,
): void;
