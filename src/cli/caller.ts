/** Who runs the program. In a container it may be a uid without an account, and without a home. */
import { homedir, userInfo } from "node:os";

/** Login name, or the uid of somebody who has none. */
export function caller(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 0);
  }
}

/** Home folder; undefined where neither HOME nor an account names one. */
export function callersHome(): string | undefined {
  try {
    return homedir();
  } catch {
    return undefined;
  }
}
