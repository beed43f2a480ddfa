/** "user", "user:group", "uid:gid": DefaultUser, RunAsUser, TrustedUser, U= of mailers. */
import type { ConfigEnvironment } from "./environment.ts";

export type OwnerReading =
  | { readonly kind: "owner"; readonly uid: number; readonly gid: number | undefined }
  | { readonly kind: "unknown user" | "unknown group"; readonly name: string };

/**
 * @param primary true: without a group, a named user brings the group of the passwd entry
 */
export async function readOwner(
  text: string,
  environment: Pick<ConfigEnvironment, "users" | "group">,
): Promise<OwnerReading> {
  const [, userText, groupText] = /^([^:.]*)(?:[:.](.*))?$/s.exec(text.trim()) ?? ["", text.trim(), undefined];
  let uid: number;
  let gid: number | undefined;
  if (/^[0-9]/.test(userText)) uid = Number.parseInt(userText, 10);
  else {
    const user = userText === "" ? undefined : await environment.users.find(userText);
    if (!user) return { kind: "unknown user", name: userText };
    ({ uid, gid } = user);
  }
  if (groupText === undefined || groupText.trim() === "") return { kind: "owner", uid, gid };
  const group = groupText.trim();
  if (/^[0-9]/.test(group)) return { kind: "owner", uid, gid: Number.parseInt(group, 10) };
  gid = await environment.group(group);
  if (gid === undefined) return { kind: "unknown group", name: group };
  return { kind: "owner", uid, gid };
}
