/** Executes the order of dependencies: docs/architecture.md, "Order of dependencies". */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";

const root = join(import.meta.dirname, "..");

const page = readFileSync(join(root, "docs/architecture.md"), "utf8");

/**
 * The table of the page: rows "| tier | `folder` `folder` → `other` | note |". A folder imports from lower tiers, itself, and
 * the folder of its own tier that an arrow leads to.
 */
const rows = [...page.matchAll(/^\| (\d+) \| ([^|]*) \|/gm)].map(([, tier, folders]) => ({
  tier: Number(tier),
  folders: [...folders.matchAll(/`([a-z]+)`(?: → `([a-z]+)`)?/g)].map(([, folder, sideways]) => ({ folder, sideways })),
}));
const tierOf = new Map(rows.flatMap(({ tier, folders }) => folders.map(({ folder }) => [folder, tier] as const)));
const sideways = new Map(rows.flatMap(({ folders }) => folders.map((each) => [each.folder, each.sideways] as const)));

/** Third-party package → the folders that may import it. */
const packages: Readonly<Record<string, readonly string[]>> = {
  "smtp-server": ["smtpd"],
  nodemailer: ["delivery"],
  dns2: ["dns"],
  ldapts: ["maps"],
  pg: ["postgres"],
  jose: ["logins"],
  tldts: ["authentication"],
  winston: ["log"],
  yargs: ["cli"],
  peggy: [],
};

function sourceFiles(): string[] {
  return readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !file.startsWith("generated"))
    .map((file) => file.replaceAll("\\", "/"));
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(root, "src", file), "utf8");
  return [
    ...text.matchAll(
      /(?:^|\n)\s*(?:import|export)\b[^;'"]*?from\s*["']([^"']+)["']|import\(\s*["']([^"']+)["']\s*\)|(?:^|\n)import\s*["']([^"']+)["']/g,
    ),
  ]
    .map((match) => match[1] ?? match[2] ?? match[3])
    .filter((name) => name !== undefined);
}

function folderOf(file: string): string | undefined {
  return file.includes("/") ? file.slice(0, file.indexOf("/")) : undefined;
}

test("every folder of src/ has a tier", () => {
  const folders = new Set(sourceFiles().map(folderOf));
  const unknown = [...folders].filter((folder) => folder !== undefined && !tierOf.has(folder));
  expect(unknown).toEqual([]);
});

function isThere(name: string): boolean {
  return [name, `src/${name}`].some((each) => existsSync(join(root, each)));
}

test("the page names only folders, files and grammars that are there", () => {
  const named = [...page.matchAll(/`((?:[a-z0-9-]+\/)+[a-z0-9.-]*)`/g)].map(([, name]) => name);
  expect(named.length).toBeGreaterThan(60);
  expect(named.filter((name) => !isThere(name))).toEqual([]);
});

test("each folder of the table is there", () => {
  const folders = new Set(sourceFiles().map(folderOf));
  expect([...tierOf.keys()].filter((folder) => !folders.has(folder))).toEqual([]);
});

test("folders import from lower tiers only", () => {
  const offences: string[] = [];
  for (const file of sourceFiles()) {
    const from = folderOf(file);
    if (from === undefined) continue; // main.ts stands above all
    // package.json is no folder of ours: the program reads its own version there.
    const ours = importsOf(file).filter((each) => each.startsWith(".") && !each.endsWith("/package.json"));
    for (const name of ours) {
      const target = join(file, "..", name);
      const to = folderOf(target);
      if (to === undefined || to === from || to === "generated") continue;
      const allowed = tierOf.get(to)! < tierOf.get(from)! || sideways.get(from) === to;
      if (!allowed) offences.push(`src/${file} imports ${name}: ${from}/ may import only from lower tiers, not ${to}/`);
    }
  }
  expect(offences).toEqual([]);
});

test("each third-party package is imported by one folder", () => {
  const offences: string[] = [];
  for (const file of sourceFiles()) {
    for (const name of importsOf(file).filter((each) => !each.startsWith(".") && !each.startsWith("node:"))) {
      const owner = Object.keys(packages).find((each) => name === each || name.startsWith(`${each}/`));
      if (owner === undefined) offences.push(`src/${file} imports ${name}, which no folder owns`);
      else if (!packages[owner].includes(folderOf(file) ?? "")) {
        offences.push(`src/${file} imports ${name}: only ${packages[owner].join(", ") || "the build"} may`);
      }
    }
  }
  expect(offences).toEqual([]);
});

test("each grammar is used by exactly one file", () => {
  const users = new Map<string, string[]>();
  for (const file of sourceFiles()) {
    for (const name of importsOf(file).filter((each) => each.includes("/generated/"))) {
      const grammar = name.slice(name.lastIndexOf("/") + 1);
      users.set(grammar, [...(users.get(grammar) ?? []), file]);
    }
  }
  expect([...users].filter(([, files]) => files.length > 1)).toEqual([]);
});

/** What a file imports of ours; `atRunTime` leaves out what is types only. */
function edgesOf(file: string, atRunTime: boolean): string[] {
  const text = readFileSync(join(root, "src", file), "utf8");
  const imports = [...text.matchAll(/^(?:import|export)\s+(type\s+)?([^;"]*?)from\s*"(\.[^"]+)"/gm)];
  return imports
    .filter(([, isType, names]) => !atRunTime || (isType === undefined && !onlyTypes(names)))
    .map(([, , , name]) => join(file, "..", name));
}

function onlyTypes(names: string): boolean {
  const braces = /^\{([^}]*)\}\s*$/.exec(names.trim());
  return braces !== null && braces[1].split(",").every((each) => each.trim() === "" || each.trim().startsWith("type "));
}

/** Files that can be reached from themselves, by this many steps at most. */
function circles(atRunTime: boolean): string[] {
  const files = sourceFiles();
  const edges = new Map(files.map((file) => [file, edgesOf(file, atRunTime)]));
  const reaches = (from: string): boolean => {
    const seen = new Set<string>();
    const open = [...(edges.get(from) ?? [])];
    for (let file = open.pop(); file !== undefined; file = open.pop()) {
      if (file === from) return true;
      if (seen.has(file)) continue;
      seen.add(file);
      open.push(...(edges.get(file) ?? []));
    }
    return false;
  };
  return files.filter(reaches);
}

/** All files that are loaded with this one. */
function reached(start: string): ReadonlySet<string> {
  const seen = new Set([start]);
  for (const file of seen) for (const next of edgesOf(file, true)) if (next.endsWith(".ts")) seen.add(next);
  return seen;
}

test("who sends and receives mail loads the checks of senders only when somebody wants them", () => {
  const checks =
    /^authentication\/(?:spf|dkim|dmarc|arc)\/|^authentication\/(?:examination|results-field|timed-resolver)\.ts$/;
  expect(reached("authentication/examination.ts").size).toBeGreaterThan(20);
  const early = ["main.ts", "cli/submit.ts", "daemon/server.ts"].flatMap((start) =>
    [...reached(start)].filter((file) => checks.test(file)).map((file) => `${start} loads ${file}`),
  );
  expect(early).toEqual([]);
});

test("no files import each other in a circle at run time", () => {
  expect(circles(true)).toEqual([]);
});

test("no files import each other in a circle for their types", () => {
  expect(circles(false)).toEqual([]);
});

/** A worker loads a file of test/support once, for the first of its test files (docs/decisions/0034-one-world-for-all-tests.md). */
test("files that tests share register no hooks while they are loaded", () => {
  const folder = join(root, "test/support");
  const offences = readdirSync(folder)
    .filter((file) => file.endsWith(".ts"))
    .filter((file) => /^(?:before|after)(?:Each|All)\(/m.test(readFileSync(join(folder, file), "utf8")));
  expect(offences).toEqual([]);
});
