/** "user", "user:group", "uid:gid": DefaultUser, RunAsUser, TrustedUser, U= of mailers. */
import type { ConfigEnvironment } from "./environment.ts";
import { toInt32 } from "./integers.ts";

type Owners = Pick<ConfigEnvironment, "users" | "group">;

export type OwnerReading =
  | { readonly kind: "owner"; readonly uid: number; readonly gid: number | undefined }
  | { readonly kind: "unknown user" | "unknown group"; readonly name: string };

/** The value of an option. The group of a named user is that of its passwd entry unless another is given. */
export async function readOwner(text: string, environment: Owners): Promise<OwnerReading> {
  const [, userText, groupText] = /^([^:./]*)(?:[:./](.*))?$/s.exec(text) ?? ["", text, undefined];
  let uid: number;
  let gid: number | undefined;
  if (/^[0-9]/.test(userText)) uid = toInt32(userText);
  else {
    const user = userText === "" ? undefined : await environment.users.find(userText);
    if (!user) return { kind: "unknown user", name: userText };
    ({ uid, gid } = user);
  }
  const group = groupText?.trim() ?? "";
  if (group === "") return { kind: "owner", uid, gid };
  if (/^[0-9]/.test(group)) return { kind: "owner", uid, gid: toInt32(group) };
  gid = await environment.group(group);
  if (gid === undefined) return { kind: "unknown group", name: group };
  return { kind: "owner", uid, gid };
}

/**
 * TrustedUser: digits at the beginning are the uid, whatever stands behind them.
 * @param databases where a name is looked up, one after the other
 * @returns undefined when there is no such user
 */
export async function trustedUser(text: string, ...databases: readonly Owners["users"][]): Promise<number | undefined> {
  if (/^[0-9]/.test(text)) return toInt32(text);
  for (const users of text === "" ? [] : databases) {
    const found = await users.find(text);
    if (found) return found.uid;
  }
  return undefined;
}

export interface MailerOwner {
  readonly uid?: number;
  readonly gid?: number;
  /** What is wrong; a user may have been understood all the same. */
  readonly problem?: string;
}

/** U= of a mailer: names end at the first character that they cannot hold; one character separates user and group. */
export async function readMailerOwner(text: string, environment: Owners): Promise<MailerOwner> {
  const { digits, name = "", rest = "" } = PART.exec(text)?.groups ?? {};
  if (digits === undefined && name === "" && /^(?:[:.]|$)/.test(rest)) return { problem: "null user name" };
  let uid = digits === undefined ? 0 : toInt32(digits);
  let gid: number | undefined;
  if (name !== "") {
    const user = await environment.users.find(name);
    if (!user) return { problem: `unknown user ${name}` };
    ({ uid, gid } = user);
  }
  const behind = rest.trimStart().slice(1);
  const named = { uid, ...(gid === undefined ? {} : { gid }) };
  if (behind.trim() === "") return named;
  const group = PART.exec(behind)?.groups ?? {};
  if (group.digits !== undefined) return { uid, gid: toInt32(group.digits) };
  if ((group.name ?? "") === "") return { ...named, problem: "null group name" };
  const found = await environment.group(group.name);
  return found === undefined ? { ...named, problem: `unknown group ${group.name}` } : { uid, gid: found };
}

const PART = /^\s*(?:(?<digits>[0-9]+)|(?<name>[\w-]*))(?<rest>[^]*)$/;
