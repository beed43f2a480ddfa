/** The first user of a file of our own: a mailbox without an account, and a generated password. */
import { randomInt } from "node:crypto";
import { join } from "node:path";
import { listPasswords, changePassword } from "../../logins/password-editor.ts";
import { makeRecord } from "../../logins/password-record.ts";
import { passwordOwner } from "../passwd.ts";
import type { PlannedFile } from "./planned-file.ts";
import { usersFile } from "./settings-files.ts";
import type { Wishes } from "./wishes.ts";

/** Above the numbers of accounts, below those that containers use; as `rulemail start` has it. */
const FIRST_UID = 64_101;

export function usersText({ users, places }: Wishes): readonly PlannedFile[] {
  if (users.kind !== "file") return [];
  const isRoot = process.getuid?.() === 0;
  const [uid, gid] = isRoot ? [FIRST_UID, FIRST_UID] : [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  const path = usersFile(places);
  const text = [
    "# Users with mailboxes, in the form of /etc/passwd; each needs a number of its own. A running server sees a change.",
    "# Logins:  rulemail passwd add NAME",
    `${users.first}:x:${uid}:${gid}:${users.first}:/nonexistent:/usr/sbin/nologin`,
    "",
  ].join("\n");
  return [{ path, text, mode: 0o644 }];
}

/** Without letters and digits that are taken for each other. */
const LETTERS = "abcdefghijkmnpqrstuvwxyz23456789";
const GROUPS = 5;
const GROUP = 4;

function letter(): string {
  return LETTERS[randomInt(LETTERS.length)];
}

/** 20 letters of 32: 100 bits. */
function newPassword(): string {
  return Array.from({ length: GROUPS }, () => Array.from({ length: GROUP }, letter).join("")).join("-");
}

/** @returns the password; undefined when the user has one already */
export async function firstPassword({ users, places: { settings } }: Wishes): Promise<string | undefined> {
  if (users.kind !== "file") return undefined;
  // The server reads it, who is not root for long.
  const owner = process.getuid?.() === 0 ? await passwordOwner(join(settings, "sendmail.cf")) : undefined;
  const place = {
    path: join(settings, "passwords"),
    safety: { dontBlame: new Set<string>() },
    ...(owner !== undefined && { owner }),
  };
  if (listPasswords(place).some(({ name }) => name === users.first)) return undefined;
  const password = newPassword();
  const record = await makeRecord(users.first, password);
  changePassword(place, users.first, (before) => before ?? record);
  return password;
}
