/** Which files the server makes, and where: what a server that runs as another user than the one before takes over. */
import { CALLERS_MODE } from "../control/caller-check.ts";
import { PROOF_WORD } from "../control/caller-proof.ts";
import { CLIENT_FOLDER_MODE } from "../queue/client-queue.ts";
import type { OwnFolder } from "./take-over.ts";

/** Control and body files of queue/spool-store.ts; in the journal, segments. */
const QUEUE_FILE = /^(?:[qhQdtx]f[0-9A-Za-z]{6,32}|lock\.(?:db(?:-journal)?|pid)|queue\.format(?:\.new)?)$/;

export const QUEUE: OwnFolder = {
  files: QUEUE_FILE,
  folders: {
    journal: { files: /^[\w.-]+$/ },
    qf: { files: QUEUE_FILE },
    df: { files: QUEUE_FILE },
    xf: { files: QUEUE_FILE },
  },
  mode: 0o700,
};

/** A folder of a queue group, as sendmail lays it out. */
export const GROUP_QUEUE: OwnFolder = {
  files: QUEUE_FILE,
  folders: { qf: { files: QUEUE_FILE }, df: { files: QUEUE_FILE }, xf: { files: QUEUE_FILE } },
};

/** Who owns a file there left the message: only the group tells the server from others. */
export const CLIENT_QUEUE: OwnFolder = { files: QUEUE_FILE, mode: CLIENT_FOLDER_MODE, keepsOwners: true };

export const CALLERS: OwnFolder = { files: PROOF_WORD, mode: CALLERS_MODE };

/** HostStatusDirectory: names of hosts, in folders that are named by their domains. */
export const HOST_STATUS: OwnFolder = { files: /^[\w.:[\]-]+$/, isTree: true };
