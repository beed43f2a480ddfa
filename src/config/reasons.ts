/** Why nothing acts on a setting, where several wait for the same thing. */

export const ALWAYS_DURABLE = "messages are kept in a journal, not in a pair of files each";
export const NO_PROCESSES = "one process does the work, there is none per job or queue";
export const NO_AUTH_LAYERS = "no AUTH mechanism here makes a layer of its own: TLS encrypts";
export const NO_TLS_DETAIL = "the TLS library's own choice counts so far";
export const NO_GROUPS = "the files of all queue groups lie in one folder so far";
export const NO_USERDB = "there is no user database";
export const NO_SPECIAL_PEER = "no peer is treated in a special way";
export const NO_EFFECT = "the original does nothing for it, either";
export const SPECIAL_BUILD = "the original acts on it only when it is built for it";
export const SYSTEM_BUFFERS = "the system chooses the buffers of each connection";
export const NOT_YET = "not done yet";

/** Reasons that are a debt; all others say that this server has no use for the setting. */
const OWED: ReadonlySet<string> = new Set([NO_TLS_DETAIL, NO_GROUPS, NO_USERDB, NOT_YET]);

/** Whether something is missing where this reason is given; false where nothing is to be done. */
export function isOwed(reason: string): boolean {
  return OWED.has(reason);
}
