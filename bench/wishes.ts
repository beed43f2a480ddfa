/** What a benchmark with parts of its own is asked for, and how it tells what it found. */

export interface Wishes {
  readonly messages: number;
  /** Messages before those that count. */
  readonly warmUp: number;
  readonly sessions: number;
  /** Octets of a message. */
  readonly size: number;
  /** Folder for a CPU profile of the server. */
  readonly profile: string | undefined;
}

export type Print = (title: string, figures: readonly string[]) => void;
