/**
 * What can still be read of control files that were set aside (Qf): enough for an operator to know whose mail it was. Line by
 * line, in no order; what makes no sense is passed over.
 */
import { join } from "node:path";
import { type FileOperations, hasCode, readWhole, systemFiles } from "./file-operations.ts";

export interface LostMessage {
  readonly id: string;
  /** Octets of the body file, -1 when there is none. */
  readonly size: number;
  /** Ms since the epoch; when the file was last changed if it does not say. */
  readonly arrived: number;
  /** As the file has it, with angle brackets or without; "" when it does not say. */
  readonly sender: string;
  readonly priority: number;
  readonly attempts: number;
  readonly bodyType?: string;
  /** What the last attempt said of the message. */
  readonly status?: string;
  readonly recipients: readonly { readonly address: string; readonly status?: string }[];
}

/** Longest file that is looked into. */
const LONGEST = 1 << 20;
const LOST_FILE = /^Qf([0-9A-Za-z]{6,32})$/;

/** @throws what the file system says: EACCES for those who may not look, ENOENT when there is no queue */
export async function lostMessages(
  directory: string,
  files: FileOperations = systemFiles,
): Promise<readonly LostMessage[]> {
  const found: LostMessage[] = [];
  for (const name of (await files.list(directory)).toSorted()) {
    const id = LOST_FILE.exec(name)?.[1];
    if (id === undefined) continue;
    try {
      found.push(await readLost(files, directory, id));
    } catch (error) {
      if (!hasCode(error, "ENOENT")) throw error;
    }
  }
  return found;
}

async function readLost(files: FileOperations, directory: string, id: string): Promise<LostMessage> {
  const path = join(directory, `Qf${id}`);
  const facts = await files.facts(path);
  const body = await files.facts(join(directory, `df${id}`));
  const text = (facts?.size ?? 0) > LONGEST ? "" : (await readWhole(files, path, LONGEST)).content.toString("latin1");
  const lines = text.split("\n");
  const first = (letter: string): string | undefined => lines.find((line) => line.startsWith(letter))?.slice(1);
  const number = (letter: string): number => Number.parseInt(first(letter) ?? "", 10) || 0;
  const bodyType = first("B");
  const status = first("M");
  return {
    id,
    size: body?.size ?? -1,
    arrived: number("T") * 1000 || (facts?.modified ?? 0),
    sender: first("S") ?? "",
    priority: number("P"),
    attempts: number("N"),
    ...(bodyType === undefined ? {} : { bodyType }),
    ...(status === undefined ? {} : { status }),
    recipients: recipientsIn(lines),
  };
}

/** An M line is about the R line that follows. */
function recipientsIn(lines: readonly string[]): LostMessage["recipients"] {
  return lines.flatMap((line, at) => {
    const address = /^R[A-Z]*:(.+)$/.exec(line)?.[1];
    if (address === undefined) return [];
    const before = lines[at - 1] ?? "";
    return before.startsWith("M") ? [{ address, status: before.slice(1) }] : [{ address }];
  });
}
