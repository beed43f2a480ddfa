/** Exit codes of mail programs, as BSD's sysexits.h names them. */
export const EX = {
  OK: 0,
  USAGE: 64,
  DATAERR: 65,
  NOINPUT: 66,
  NOUSER: 67,
  NOHOST: 68,
  UNAVAILABLE: 69,
  SOFTWARE: 70,
  OSERR: 71,
  OSFILE: 72,
  CANTCREAT: 73,
  IOERR: 74,
  TEMPFAIL: 75,
  PROTOCOL: 76,
  NOPERM: 77,
  CONFIG: 78,
} as const;

export type ExitCode = (typeof EX)[keyof typeof EX];

/** "EX_TEMPFAIL" for 75; codes that have no name are numbers. */
export function exitName(exit: number): string {
  const name = Object.entries(EX).find(([, code]) => code === exit)?.[0];
  return name === undefined ? String(exit) : `EX_${name}`;
}
