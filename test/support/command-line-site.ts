/**
 * The folder of the machine that test/golden/command-line/site.mc describes: accounts, aliases, lists, and the programs
 * that stand for mailers. Genuine sendmail gets the same one (test/peers).
 */
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

export const goldenFolder = join(import.meta.dirname, "..", "golden", "command-line");

/** Login name → full name, as the password file has it. */
const ACCOUNTS: Readonly<Record<string, string>> = {
  root: "Charlie &",
  daemon: "daemon",
  joe: "Joe Q. Public,Room 1,555-1234",
  ann: "Ann &",
  bob: 'Bob "the" Builder (x) \\ <y>',
  carol: "",
  fred: "&; Semicolon",
  dave: "dave & Percent % x",
  eve: "Eve, & Comma",
  "www-data": "www-data",
};

/** @param owner uid:gid of every account */
export function accountLines(folder: string, owner: string): string {
  return Object.entries(ACCOUNTS)
    .map(([name, gecos]) => `${name}:x:${owner}:${gecos}:${folder}:/bin/sh\n`)
    .join("");
}

/** Everything but the configuration files. */
export function makeSite(folder: string, owner: string): void {
  for (const part of ["out", "queue", "forward", "home"])
    mkdirSync(join(folder, part), { recursive: true, mode: 0o755 });
  chmodSync(folder, 0o755);
  chmodSync(join(folder, "out"), 0o777);
  for (const program of ["record", "exits"]) {
    copyFileSync(join(goldenFolder, program), join(folder, program));
    chmodSync(join(folder, program), 0o755);
  }
  const lists = `members: :include:${folder}/members\nmissing: :include:${folder}/nofile\n`;
  writeFileSync(join(folder, "aliases"), readFileSync(join(goldenFolder, "aliases"), "latin1") + lists, {
    mode: 0o644,
  });
  writeFileSync(join(folder, "members"), "# who is on it\njoe, ann\nbob@b.test\n", { mode: 0o644 });
  writeFileSync(join(folder, "forward", "fred"), "ann\n", { mode: 0o644 });
  writeFileSync(join(folder, "passwd"), accountLines(folder, owner), { mode: 0o644 });
}

/** What a mailer got. */
export interface Delivery {
  readonly mailer: string;
  /** `$g`. */
  readonly sender: string;
  readonly host: string;
  readonly users: readonly string[];
  /** `Name: value`, folding undone; times, ids and names of programs replaced, trace left out. */
  readonly header: readonly string[];
  readonly body: string;
}

/** Takes the deliveries out of a folder; reports about mail that could not be delivered are left out. */
export function takeDeliveries(folder: string): Delivery[] {
  if (!existsSync(folder)) return [];
  const found: Delivery[] = [];
  for (const name of readdirSync(folder).filter((each) => !each.startsWith("."))) {
    const text = readFileSync(join(folder, name), "latin1");
    rmSync(join(folder, name));
    const end = text.indexOf("\0\n");
    const [mailer, sender, host, ...users] = text.slice(0, end).split("\0");
    const message = text.slice(end + 2);
    const split = message.indexOf("\n\n");
    const head = split < 0 ? message : message.slice(0, split + 1);
    const header = headerLines(head);
    if (header.some((line) => line.startsWith("Content-Type: multipart/report"))) continue;
    found.push({
      mailer,
      sender,
      host,
      users: users.toSorted(),
      header,
      body: split < 0 ? "" : message.slice(split + 2),
    });
  }
  const key = ({ mailer, users }: Delivery): string => `${mailer} ${users.join(" ")}`;
  return found.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}

const MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec";
const DATE = new RegExp(`(?:[A-Z][a-z]{2}, )?\\d+ (?:${MONTHS}) \\d{4} [\\d:]+ (?:GMT|[+-]\\d{4})(?: \\([A-Z]+\\))?`);

function headerLines(head: string): string[] {
  return head
    .replace(/^From .*\n/, "")
    .replace(/\n(?=[ \t])/g, "")
    .split("\n")
    .filter((line) => line !== "" && !/^Received:.*\(?(?:localhost|rulemail|8\.17)/.test(line))
    .map((line) => {
      const [, name, value] = /^([^:\s]+):[ \t]*(.*)$/.exec(line) ?? ["", "", line];
      if (/^(?:Resent-)?Date$/i.test(name)) return `${name}: ${value.replace(DATE, "DATE")}`;
      if (/^(?:Resent-)?Message-Id$/i.test(name))
        return `${name}: ${value.replace(/<.*@(mail\.example\.test)>/, "<ID@$1>")}`;
      return name === "" ? value : `${name}: ${value}`.replace(/[ \t]+/g, " ").trimEnd();
    });
}

/** What `sendmail -bs` said, without what differs each time and with each program. */
export function plainReplies(said: string): string {
  return said
    .replaceAll("\r", "")
    .replace(/^250-(?:AUTH|DELIVERBY|CHUNKING|BINARYMIME)\b.*\n/gm, "") // what the one has, and the other has not
    .replace(/^050 .*\n|^421 .* info=unexpected close\n/gm, "") // nobody listens any more
    .replace(/^220 .*$/gm, "220")
    .replace(/^(250 2\.0\.0) \w{14} /gm, "$1 ID ");
}

/** What one call did. */
export interface CallResult {
  readonly exit: number;
  /** Standard output and standard error, one behind the other. */
  readonly said: string;
  readonly deliveries: readonly Delivery[];
  /** Something waits in the queue. */
  readonly queued: boolean;
}

/** What genuine sendmail did, by the names of the rows. */
export function readRecorded(): ReadonlyMap<string, CallResult> {
  const text = readFileSync(join(goldenFolder, "recorded.jsonl"), "utf8");
  const rows = text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as CallResult & { readonly name: string });
  return new Map(rows.map(({ name, ...result }) => [name, result]));
}
