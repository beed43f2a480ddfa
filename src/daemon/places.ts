/** Where things are on a machine that has the server for good: what setup writes, and packages bring along. */
import { join } from "node:path";
import { HOME_FOLDER } from "./home.ts";

export interface Places {
  /** Configuration, aliases, tables, keys. */
  readonly settings: string;
  /** RULEMAIL_HOME. */
  readonly home: string;
  /** Mailboxes of users, one folder or file for each. */
  readonly mailboxes: string;
}

/** @param root a folder in front of all: for trials, and for packages that are put together there */
export function placesBelow(root = ""): Places {
  return {
    settings: join(root, "/etc/mail"),
    home: join(root, HOME_FOLDER),
    mailboxes: join(root, "/var/mail"),
  };
}
