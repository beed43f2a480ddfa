/**
 * Programs of Linux as files (ELF, 64 bits, least octet first): what architecture they are for, and what of them nobody needs
 * who runs them. Written out here so that a file for another architecture can be made without tools for it.
 * (System V ABI, "Object Files"; e_machine: 62 x86-64, 183 AArch64.)
 */

const MACHINES: Readonly<Record<number, string>> = { 62: "x64", 183: "arm64" };
const SECTION_HEADER = 64;
const NAMES = ".shstrtab";
/** sh_flags: is in memory when the program runs. */
const ALLOCATED = 2n;
/** sh_flags: sh_info is the index of a section. */
const INFO_LINK = 0x40n;
/** sh_type: has no octets in the file; is a table whose sh_info is the index of a section. */
const [NO_BITS, RELA, REL] = [8, 4, 9];

interface Section {
  readonly index: number;
  readonly name: string;
  readonly header: Buffer;
  readonly isKept: boolean;
}

/** @returns `x64`, `arm64`; undefined for anything else, also for what is no such file */
export function architectureOf(file: Buffer): string | undefined {
  const isElf64 = file.length >= 64 && file.readUInt32BE(0) === 0x7f454c46 && file[4] === 2 && file[5] === 1;
  return isElf64 ? MACHINES[file.readUInt16LE(18)] : undefined;
}

/**
 * The same program without symbols and what is for debuggers: all that does not get into memory, which lies behind the rest.
 * @throws for a file whose parts lie otherwise
 */
export function stripped(file: Buffer): Buffer {
  if (architectureOf(file) === undefined) throw new Error("strip: no program of Linux for x64 or arm64");
  const sections = sectionsOf(file);
  const kept = sections.filter(({ isKept }) => isKept);
  const end = endOfMemory(file, kept);
  const names = Buffer.from(`\0${[...kept.map(({ name }) => name), NAMES].join("\0")}\0`, "latin1");
  const offset = align(end + names.length);
  const headers = [
    Buffer.alloc(SECTION_HEADER),
    ...kept.map((section) => renumbered(section, kept, names)),
    nameTable(end, names),
  ];
  const head = Buffer.from(file.subarray(0, 64));
  head.writeBigUInt64LE(BigInt(offset), 40);
  head.writeUInt16LE(headers.length, 60);
  head.writeUInt16LE(headers.length - 1, 62);
  const filling = Buffer.alloc(offset - end - names.length);
  return Buffer.concat([head, file.subarray(64, end), names, filling, ...headers]);
}

function sectionsOf(file: Buffer): readonly Section[] {
  const [start, count, ofNames] = [Number(file.readBigUInt64LE(40)), file.readUInt16LE(60), file.readUInt16LE(62)];
  const header = (index: number): Buffer =>
    file.subarray(start + index * SECTION_HEADER, start + (index + 1) * SECTION_HEADER);
  const names = Number(header(ofNames).readBigUInt64LE(24));
  return Array.from({ length: count }, (_each, index) => {
    const at = names + header(index).readUInt32LE(0);
    const name = file.toString("latin1", at, file.indexOf(0, at));
    return { index, name, header: header(index), isKept: (header(index).readBigUInt64LE(8) & ALLOCATED) !== 0n };
  });
}

/** Where that ends in the file which gets into memory, by segments and by sections. */
function endOfMemory(file: Buffer, kept: readonly Section[]): number {
  const [start, size, count] = [Number(file.readBigUInt64LE(32)), file.readUInt16LE(54), file.readUInt16LE(56)];
  const ends = Array.from({ length: count }, (_each, index) => {
    const at = start + index * size;
    return Number(file.readBigUInt64LE(at + 8) + file.readBigUInt64LE(at + 32));
  });
  const ofSections = kept.map(({ header }) =>
    header.readUInt32LE(4) === NO_BITS ? 0 : Number(header.readBigUInt64LE(24) + header.readBigUInt64LE(32)),
  );
  return Math.max(start + size * count, ...ends, ...ofSections);
}

/** The header with its name's place in the new table and the new numbers of the sections that it speaks of. */
function renumbered({ name, header }: Section, kept: readonly Section[], names: Buffer): Buffer {
  const copy = Buffer.from(header);
  const renumber = (at: number): void => {
    const old = copy.readUInt32LE(at);
    copy.writeUInt32LE(old === 0 ? 0 : kept.findIndex(({ index }) => index === old) + 1, at);
  };
  copy.writeUInt32LE(names.indexOf(`\0${name}\0`, 0, "latin1") + 1, 0);
  renumber(40);
  const type = copy.readUInt32LE(4);
  if (type === RELA || type === REL || (copy.readBigUInt64LE(8) & INFO_LINK) !== 0n) renumber(44);
  return copy;
}

function nameTable(offset: number, names: Buffer): Buffer {
  const header = Buffer.alloc(SECTION_HEADER);
  header.writeUInt32LE(names.indexOf(`\0${NAMES}\0`, 0, "latin1") + 1, 0);
  header.writeUInt32LE(3, 4);
  header.writeBigUInt64LE(BigInt(offset), 24);
  header.writeBigUInt64LE(BigInt(names.length), 32);
  header.writeBigUInt64LE(1n, 48);
  return header;
}

function align(offset: number): number {
  return Math.ceil(offset / 8) * 8;
}
