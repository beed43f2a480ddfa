/** Executes the order of dependencies: docs/architecture.md, "Order of dependencies". */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";

const root = join(import.meta.dirname, "..");

/** Folder → tier; a folder imports from lower tiers, itself, and the same-tier folders named in `sideways`. */
const tiers: readonly (readonly string[])[] = [
  ["sys", "source", "mail", "regex"],
  ["log", "dns", "tls", "auth"],
  ["mc", "rewriting", "cf", "maps"],
  ["config"],
  ["envelope"],
  ["routing"],
  ["site"],
  ["queue", "delivery", "dsn", "milter", "analysis"],
  ["reception", "dispatch"],
  ["smtpd", "control"],
  ["daemon"],
  ["cli"],
];
const sideways: Readonly<Record<string, readonly string[]>> = {
  tls: ["dns"],
  cf: ["rewriting"],
  maps: ["rewriting"],
  dispatch: ["reception"],
};
/** Third-party package → the folders that may import it. */
const packages: Readonly<Record<string, readonly string[]>> = {
  "smtp-server": ["smtpd"],
  nodemailer: ["delivery"],
  dns2: ["dns"],
  ldapts: ["maps"],
  winston: ["log"],
  yargs: ["cli"],
  peggy: [],
};

const tierOf = new Map(tiers.flatMap((folders, tier) => folders.map((folder) => [folder, tier] as const)));

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
      const allowed = tierOf.get(to)! < tierOf.get(from)! || sideways[from]?.includes(to);
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
