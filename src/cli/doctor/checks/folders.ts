/** Folders of the server: home, queue and client queue, with the owners and modes that they need (docs/security.md). */
import { type Stats, statSync } from "node:fs";
import { queuePaths } from "../../../config/queue-folder.ts";
import type { Check } from "../check.ts";
import type { Finding } from "../finding.ts";
import { configOf } from "../patient.ts";

const WORLD = 0o007;
const WORLD_WRITE = 0o002;
const ENTER = 0o001;
const OPEN_STICKY = 0o1777;

export const folders: Check = {
  name: "folders",
  about: "home, queue and client queue: owners and modes",
  needs: "configuration",
  run(patient) {
    const { home, before, uid } = patient;
    const findings: Finding[] = [];
    const folder = look(home.folder);
    // The first start makes it.
    if (folder === undefined) return before || uid !== 0 ? [] : [homeMissing(home.folder)];
    if (!folder.isDirectory()) return [{ ...homeMissing(home.folder), what: `${home.folder} is no folder` }];
    if (folder.uid === 0 && (folder.mode & ENTER) === 0) findings.push(closed(home.folder));
    if ((folder.mode & WORLD_WRITE) !== 0) findings.push(open(home.folder));
    const clients = look(home.clientQueue);
    if (clients !== undefined && folder.uid === 0 && (clients.mode & OPEN_STICKY) !== OPEN_STICKY)
      findings.push(clientQueue(home.clientQueue));
    for (const { path } of queuePaths(configOf(patient))) {
      const queue = look(path);
      if (queue === undefined) continue;
      if (!queue.isDirectory()) findings.push(queueFolder(path, `${path} is no folder`, `mv ${path} ${path}.old`));
      else if ((queue.mode & WORLD) !== 0)
        findings.push(queueFolder(path, "others may look into the queue", `chmod 700 ${path}`));
    }
    return findings;
  },
};

function look(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}

function homeMissing(path: string): Finding {
  return {
    kind: "home-folder",
    what: "there is no home folder: no server has been started here",
    where: path,
    todo: "start the server; or say where its home is: RULEMAIL_HOME=FOLDER",
  };
}

function closed(path: string): Finding {
  const what = "users may not enter the home folder: their programs cannot hand in mail";
  return { kind: "home-folder", what, where: path, todo: `chmod a+x ${path}` };
}

function open(path: string): Finding {
  const what = "everybody may write the home folder, and put sockets of his own there";
  return { kind: "home-folder", what, where: path, todo: `chmod o-w ${path}` };
}

function clientQueue(path: string): Finding {
  const what = "users cannot leave mail in the client queue while no server runs, or can remove that of others";
  return { kind: "queue-folder", what, where: path, todo: `chmod 3777 ${path}` };
}

function queueFolder(where: string, what: string, todo: string): Finding {
  return { kind: "queue-folder", what, where, todo };
}
