/** What is told of every setting: options, timeouts, flags and equates. */

/** A setting that the server acts on. */
interface ActedOn {
  /** What it is for, in one line. */
  readonly meaning: string;
  readonly notActedOn?: never;
  readonly without?: never;
}

/** A setting that is read, checked and kept, and that nothing asks for. */
interface NotActedOn {
  readonly meaning: string;
  /** Why: a thing that this server has no use for, or one that it does not do yet. */
  readonly notActedOn: string;
  /**
   * For a setting that keeps something away from the server or its mail: what happens instead. Who sets it relies on it,
   * so that a server that does not act on it has to say so.
   */
  readonly without?: string;
}

export type Setting = ActedOn | NotActedOn;
