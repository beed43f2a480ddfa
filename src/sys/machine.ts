/**
 * What this machine says about itself: its name, its name servers, its hosts file (DESIGN D9).
 *
 * `RULEMAIL_MACHINE=FILE` replaces all of it by a JSON file, for tests and for trying things out; the variable is
 * ignored when real and effective uid differ.
 */
export interface NameServer {
  readonly address: string;
  readonly port: number;
}

export interface Machine {
  readonly hostName: string;
  readonly nameServers: readonly NameServer[];
  readonly search: readonly string[];
  /** Dots a name needs to be tried as it is before the search list (resolv.conf `ndots`, default 1). */
  readonly ndots: number;
  /** Seconds for one try, and number of tries (resolv.conf `timeout`, `attempts`). */
  readonly timeout: number;
  readonly attempts: number;
  readonly hostsFile: string;
}
