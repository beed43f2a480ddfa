/** Files, folders and programs that the configuration names: there, safe, and readable for the user that the server becomes. */
import { realpathSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { missedBy, type Missed, neededBy } from "../../../analysis/lint/presence.ts";
import { authSource } from "../../../config/auth-source.ts";
import { signs } from "../../../config/signs.ts";
import { closedTo } from "../../../daemon/reach.ts";
import { type ServerUser, serverUser } from "../../../daemon/server-user.ts";
import { pathToRead, sourcePath } from "../../../maps/database-file.ts";
import { isGroupMember } from "../../../sys/groups.ts";
import type { Check } from "../check.ts";
import type { Finding } from "../finding.ts";
import { configOf, type Patient } from "../patient.ts";

export const files: Check = {
  name: "files",
  about: "files and programs that the configuration names: there, safe, and readable for the server",
  needs: "configuration",
  async run(patient) {
    const { subject, file, home } = patient;
    const missed = missedBy(subject!).filter(
      (each) =>
        each.excuse === undefined && !isServedByText(each) && !isMadeBelow(home.folder, each) && !isCertificate(each),
    );
    const keys = await unusableKeys(patient);
    return together([...missed.map((each) => findingOf(each, file)), ...(await outOfReach(patient)), ...keys]);
  },
};

/** Keys and tables of signing (DKIM); an ordinary user cannot know of those that are closed to him. */
async function unusableKeys(patient: Patient): Promise<Finding[]> {
  const config = configOf(patient);
  if (!signs(config)) return [];
  const { keyProblems } = await import("../../../authentication/signing/key-ring.ts");
  return keyProblems(config)
    .filter((what) => patient.uid === 0 || !what.includes("Permission denied"))
    .map((what) => {
      const [file] = /^\/[^\s:]+/.exec(what) ?? [];
      const where = file ?? patient.file;
      const todo =
        file === undefined
          ? "correct it in the .mc, or make keys: rulemail dkim new DOMAIN"
          : `correct it, then kill -HUP the server: until then it uses what ${file} was before, or keeps mail waiting`;
      return { kind: "signing-key", what, where, todo };
    });
}

/** A database that is not built: the text beside it counts (checks/tables.ts tells of one that is behind). */
function isServedByText({ needed: { path, use }, problem }: Missed): boolean {
  return use === "map" && problem.absent && statSync(sourcePath(path), { throwIfNoEntry: false }) !== undefined;
}

/** A server makes the folders of its home when it starts. */
function isMadeBelow(home: string, { needed: { path, use }, problem }: Missed): boolean {
  return (use === "folder" || use === "its folder") && problem.absent && path.startsWith(`${home}/`);
}

/** checks/certificates.ts looks at these. */
function isCertificate({ needed: { owner }, problem }: Missed): boolean {
  return problem.absent && /^option Server(?:Cert|Key)File$/.test(owner);
}

const TOGETHER: ReadonlySet<string> = new Set(["unsafe-file", "unreadable-file"]);

/** What one folder is to blame for is one finding. */
function together(findings: readonly Finding[]): Finding[] {
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) {
    const key = TOGETHER.has(finding.kind) ? finding.todo : String(groups.size);
    groups.set(key, [...(groups.get(key) ?? []), finding]);
  }
  return [...groups.values()].map(([first, ...others]) =>
    others.length === 0 ? first : { ...first, what: `${first.what} (and ${others.length} more files)` },
  );
}

function findingOf({ needed: { owner, path, use, line, help }, problem }: Missed, file: string): Finding {
  const what = `${owner}: ${path}: ${problem.text}`;
  const where = line > 0 ? `${file}:${line}` : file;
  if (use === "program") {
    const todo = problem.absent ? `install it, or name another program in the .mc` : `chmod a+x ${path}`;
    return { kind: "missing-program", what, where, todo };
  }
  if (problem.absent) {
    const made =
      use === "folder" || use === "its folder" ? `mkdir -p ${use === "folder" ? path : dirname(path)}` : `make ${path}`;
    return { kind: "missing-file", what, where, todo: help ?? `${made}, or take it out of the .mc` };
  }
  return { kind: "unsafe-file", what, where, todo: safely(path, use === "key", problem.text) };
}

/** Messages of the safe-file rules name what is to blame: "World writable directory /x". */
function safely(path: string, isSecret: boolean, text: string): string {
  const [component] = /\/[^\s;,)]*/.exec(text.replace(`${path}: `, "")) ?? [path];
  if (isSecret && component === path) return `chown root ${path}; chmod 600 ${path}`;
  return `ls -ld ${component}; take the rights of others from it: chmod go-w ${component}`;
}

/** A server that root starts becomes another user, who has to read the tables. */
async function outOfReach(patient: Patient): Promise<Finding[]> {
  const { subject, accounts, uid } = patient;
  if (uid !== 0) return [];
  let user: ServerUser;
  try {
    user = await serverUser(configOf(patient), accounts);
  } catch (error) {
    return [
      {
        kind: "configuration-error",
        what: (error as Error).message,
        where: patient.file,
        todo: "name an account of this machine in confRUN_AS_USER, or make the account rulemail",
      },
    ];
  }
  if (user.uid === 0) return [stays(patient.file)];
  const findings: Finding[] = [];
  for (const { path, use, owner } of neededBy(subject!)) {
    if (use !== "map" && use !== "alias") continue;
    const read = use === "map" && path.endsWith(".db") ? pathToRead(path) : path;
    const closed = await closedFor(user, read);
    if (closed !== undefined)
      findings.push({ kind: "unreadable-file", where: read, ...told(owner, user, read, closed) });
  }
  const passwords = authSource(configOf(patient).options.text("AuthSource"));
  if (passwords?.kind === "file") {
    const { path } = passwords;
    const closed = await closedFor(user, path);
    if (closed !== undefined) {
      const { what, todo } = told("logins", user, path, closed);
      findings.push({
        kind: "unreadable-file",
        where: path,
        what,
        todo: closed === path ? `chown ${user.user} ${path}` : todo,
      });
    }
  }
  return findings;
}

function stays(file: string): Finding {
  return {
    kind: "root-rights",
    what: "the server keeps root's rights: RunAsUser=root",
    where: file,
    todo: "useradd --system --no-create-home --shell /usr/sbin/nologin rulemail, and take confRUN_AS_USER out of the .mc",
  };
}

function told(owner: string, { user, gid }: ServerUser, path: string, closed: string) {
  const what = `${owner}: user ${user}, as whom the server runs, may not ${closed === path ? "read" : "enter"} ${closed}`;
  const todo = closed === path ? `chgrp ${gid} ${path}; chmod g+r ${path}` : `chmod a+x ${closed}`;
  return { what, todo };
}

const GROUP = 3;
const OWNER = 6;
const READ = 4;

/** The folder or file that keeps the user from reading; undefined when nothing does, or nothing is there. */
async function closedFor({ uid, gid, user }: ServerUser, path: string): Promise<string | undefined> {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  const folder = closedTo(`${path}/..`.replace(/\/[^/]+\/\.\.$/, ""), { uid, gid });
  if (folder !== undefined) return folder;
  const inGroup = stats.gid === gid || (await isGroupMember(stats.gid, user));
  const shift = stats.uid === uid ? OWNER : inGroup ? GROUP : 0;
  return ((stats.mode >> shift) & READ) === 0 ? realpathSync(path) : undefined;
}
