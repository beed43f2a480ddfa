/**
 * What a task may do, looked at on the root side before it is done: the terms decide, whatever the server says.
 *
 * Nearly all of a task is checked by the kernel, because it happens with the user's ids. Here stands the rest: which paths are
 * mailboxes or `.forward` files of this user, what may be done with root's rights in between, which programs there are, which
 * names of DontBlameSendmail count. As root itself nothing is done but mail for root: into the very mailboxes that the
 * configuration names. Where the server itself stays root (RunAsUser=root) there is nothing to keep from it.
 */
import { normalize } from "node:path";
import type { Account } from "./accounts.ts";
import { rootLines } from "./program-command.ts";
import { fitWords, literal, type NamedUsers } from "./program-words.ts";
import type { TaskArgument } from "./task.ts";
import type { MailboxKind, Terms } from "./terms.ts";

export type Admission =
  | {
      readonly kind: "admitted";
      readonly argument: TaskArgument;
      /** The mailbox may be made with root's rights: it lies where the configuration puts mailboxes, and not in a home. */
      readonly mayMake: boolean;
      /** Admitted only if these are users of the terms. */
      readonly named?: NamedUsers;
    }
  | { readonly kind: "refused"; readonly reason: string };

type Check = (terms: Terms, account: Account, argument: TaskArgument) => Admission;

/** Octets of a `.forward` or list that are read at most, whatever is asked for. */
const LONGEST_TEXT = 64 * 1024 * 1024;

const CHECKS: Readonly<Record<string, Check>> = {
  mbox: mailbox("mbox"),
  maildir: mailbox("maildir"),
  mh: mailbox("mh"),
  mmdf: mailbox("mmdf"),
  file,
  read,
  program,
};

/** @param task a name that the pool process has a task for */
export function admit(terms: Terms, account: Account, task: string, argument: TaskArgument): Admission {
  const check = Object.hasOwn(CHECKS, task) ? CHECKS[task] : undefined;
  if (check === undefined) return refused(`no task ${task}`);
  if (account.onlyPrograms === true && task !== "program") return refused(`${account.user} is no user here`);
  return check(terms, account, argument);
}

function mailbox(kind: MailboxKind): Check {
  return (terms, account, argument) => {
    const path = plainPath(argument.path);
    if (path === undefined) return refused("no path");
    const fitting = terms.mailboxes.filter((each) => each.kind === kind && fits(each.path, account, path));
    if (fitting.length > 0)
      return admitted(
        argument,
        fitting.some((each) => !each.path.includes("$z")),
      );
    if (!isClosed(terms, account) && isBelow(account.home, path)) return admitted(argument);
    return refused(`${path} is no mailbox of ${account.user}`);
  };
}

function read(terms: Terms, account: Account, argument: TaskArgument): Admission {
  const path = plainPath(argument.path);
  if (path === undefined) return refused("no path");
  const limit = typeof argument.limit === "number" ? Math.min(argument.limit, LONGEST_TEXT) : LONGEST_TEXT;
  const names = Array.isArray(argument.dontBlame) ? argument.dontBlame : [];
  const known = new Set(terms.dontBlame.map((each) => each.toLowerCase()));
  // What the server may overlook is what the configuration says, not what the server says.
  const inForce = names.filter((each): each is string => typeof each === "string" && known.has(each.toLowerCase()));
  const given = { ...argument, limit, dontBlame: inForce };
  if (argument.use === "forward") {
    if (terms.forwardPath.some((each) => fits(each, account, path))) return admitted(given);
    return !isClosed(terms, account) && isBelow(account.home, path)
      ? admitted(given)
      : refused(`${path} is no .forward file of ${account.user}`);
  }
  if (argument.use !== "include") return refused("neither a .forward file nor a list");
  // A list that only root may read is nobody's business; others read what they may read.
  return isClosed(terms, account) ? refused("no list is read as root") : admitted(given);
}

function file(terms: Terms, account: Account, argument: TaskArgument): Admission {
  const { dontBlame, safeFileEnvironment } = terms;
  const path = plainPath(argument.path);
  if (path === undefined) return refused("no path");
  if (isClosed(terms, account)) return refused("no file is written as root");
  const isSafe = safeFileEnvironment === "" || safeFileEnvironment === "/" || isBelow(safeFileEnvironment, path);
  if (!isSafe) return refused(`${path} lies outside SafeFileEnvironment`);
  const known = new Set(dontBlame.map((each) => each.toLowerCase()));
  return admitted({
    ...argument,
    allowSymLink: argument.allowSymLink === true && known.has("filedeliverytosymlink"),
    allowHardLink: argument.allowHardLink === true && known.has("filedeliverytohardlink"),
  });
}

function program(terms: Terms, account: Account, argument: TaskArgument): Admission {
  const { path, nice, root, argv } = argument;
  const known = terms.programs.filter((each) => each.path === path);
  if (known.length === 0) return refused(`${String(path)} is no program of a mailer`);
  // Both happen with root's rights, whoever the program becomes.
  const fitting = known.filter((each) => each.nice === nice && each.root === root);
  if (fitting.length === 0) return refused(`no mailer runs ${String(path)} with that N= and that root folder`);
  if (account.uid !== 0) return admitted(argument);
  const own = { ...argument, environment: rootLines(account.home), folders: ["/"] };
  if (!isClosed(terms, account)) return admitted(own);
  const asRoot = fitting.filter((each) => each.asRoot);
  if (asRoot.length === 0) return refused("no program is run as root");
  const named = fitWords(
    asRoot.flatMap(({ words }) => words),
    argv,
  );
  return named === undefined
    ? refused(`no mailer runs ${String(path)} as root with these words`)
    : { kind: "admitted", argument: own, mayMake: false, named };
}

/** Root's rights, which the server has given up. */
function isClosed({ runAs }: Terms, { uid }: Account): boolean {
  return uid === 0 && runAs.uid !== 0;
}

function admitted(argument: TaskArgument, mayMake = false): Admission {
  return { kind: "admitted", argument, mayMake };
}

function refused(reason: string): Admission {
  return { kind: "refused", reason };
}

/** An absolute path that says where it leads: nothing in it goes up, and it has one spelling. */
function plainPath(path: unknown): string | undefined {
  if (typeof path !== "string" || !path.startsWith("/") || path === "/" || path.includes("\0")) return undefined;
  return normalize(path) === path && !path.endsWith("/") ? path : undefined;
}

function isBelow(folder: string, path: string): boolean {
  const place = folder.startsWith("/") ? normalize(folder).replace(/\/+$/, "") : "";
  return place !== "" && path.startsWith(`${place}/`);
}

/** Whether a path is this template, filled for this user; `$h` and, for a fixed user, `$u` are any one step or part of it. */
function fits(template: string, { user, home, isFixed }: Account, path: string): boolean {
  if (template.includes("$z") && home === "") return false;
  const filled = template
    .replace(/\/{2,}/g, "/")
    .replace(/\/$/, "")
    .replaceAll("$z", () => home.replace(/\/+$/, ""))
    .replaceAll("$u", () => (isFixed ? ANY_NAME : user))
    .replaceAll("$h", ANY);
  // Nearly always: a pattern for each user would have to be kept, or made anew for each message.
  if (!filled.includes(ANY)) return filled === path;
  const parts = filled.split(/(\0\+?)/).map((part) => PATTERNS.get(part) ?? literal(part));
  return new RegExp(`^${parts.join("")}$`, "s").test(path);
}

/** What is open in a template that was filled; no path has a NUL. */
const ANY = "\0";
const ANY_NAME = "\0+";
const PATTERNS: ReadonlyMap<string, string> = new Map([
  [ANY, "[^/]*"],
  [ANY_NAME, "[^/]+"],
]);
