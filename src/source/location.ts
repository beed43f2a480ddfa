/** A place in a file: 1-based line and column. */
export interface Location {
  readonly file: string;
  readonly line: number;
  readonly column?: number;
}

export function formatLocation({ file, line, column }: Location): string {
  return column === undefined ? `${file}:${line}` : `${file}:${line}:${column}`;
}
