/**
 * Whether whoever started this process could have started it with these rights himself. Where real and effective ids differ
 * (set-user-id, set-group-id), variables of the environment that name files are a stranger's word.
 */
export function hasOwnRights(
  ids: Pick<typeof process, "getuid" | "geteuid" | "getgid" | "getegid"> = process,
): boolean {
  return ids.getuid?.() === ids.geteuid?.() && ids.getgid?.() === ids.getegid?.();
}
