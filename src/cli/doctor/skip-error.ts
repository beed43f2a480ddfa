/** The check cannot be made: rights are missing, nobody answers. */
export class SkipError extends Error {
  override readonly name = "SkipError";
}
