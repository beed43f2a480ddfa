/**
 * The half-written message that a killed process left at the end of a mailbox is cut off, when it is certain that it is one:
 * the lock that was found says where it begins and how long it would have become, the mailbox's owner or root wrote the
 * lock, and nobody has added a message behind it since.
 */
import { fstatSync, fsyncSync, ftruncateSync, readSync, type Stats } from "node:fs";
import type { LockNote } from "./dot-lock.ts";

const PIECE = 64 * 1024;
/** How far the head of a foreign message may reach into the next piece. */
const OVERLAP = 128;

/** What begins a message of others: at the start of a line, or glued to a line that was cut off. */
const OTHERS = /\nFrom |.From \S+ +[A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-9]\d \d\d:\d\d|\n\x01{4}\n\x01{4}\n/;

/** @param fd the mailbox, locked and open for reading and writing */
export function cutBack(fd: number, note: LockNote): void {
  const status = fstatSync(fd);
  if (!isAbout(status, note)) return;
  if (hasMessagesOfOthers(fd, note.size, status.size)) return;
  ftruncateSync(fd, note.size);
  fsyncSync(fd);
}

function isAbout({ dev, ino, uid, size }: Stats, note: LockNote): boolean {
  const isTrusted = note.owner === 0 || note.owner === uid;
  return isTrusted && dev === note.device && ino === note.inode && size > note.size && size <= note.size + note.length;
}

/** Between these places, the first line apart, which is ours. */
function hasMessagesOfOthers(fd: number, from: number, to: number): boolean {
  const octets = Buffer.alloc(PIECE + OVERLAP);
  for (let at = from; at < to; at += PIECE) {
    const length = readSync(fd, octets, 0, Math.min(octets.length, to - at), at);
    const text = octets.toString("latin1", 0, length);
    // Our own begins after the newlines, if any, that end what was there before.
    if (OTHERS.test(at === from ? text.replace(/^\n*(?:\x01{4}\n)*(?:From )?/, "") : text)) return true;
  }
  return false;
}
