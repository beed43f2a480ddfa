/** Where finished lines go. Writing never throws and never waits for a slow reader; what is lost is counted. */
export interface LineSink {
  /** One line without its line end. */
  write(line: string): void;
  /** Everything written so far has been handed to the system (or counted as lost). */
  flush(): Promise<void>;
  /** Opens the target anew (the file was moved away by log rotation). */
  reopen(): void;
  close(): Promise<void>;
  /** The last chance of a process that ends: hands over what it can without waiting. */
  flushNow(): void;
}
