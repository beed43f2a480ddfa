/** TrustedUser: whose tables, alias databases and control socket are, and who may build. Needs root. */
import { chownSync, mkdirSync, statSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { RootSite, USERS } from "../support/root-server.ts";

const asRoot = process.getuid?.() === 0 ? describe : describe.skip;
const OTHER = 52_599;

asRoot("TrustedUser (skipped: needs root)", () => {
  let site: RootSite;
  const cf = (): readonly string[] => ["-C", site.path("sendmail.cf")];
  const owner = (name: string): string => {
    const { uid, gid } = statSync(site.path(name));
    return `${uid}:${gid}`;
  };

  beforeAll(() => {
    site = new RootSite();
    // Where he may write; others may not.
    mkdirSync(site.path("tables"));
    chownSync(site.path("tables"), USERS.joe, USERS.joe);
    site.write("tables/aliases", "postmaster: joe\n");
    site.configure({
      lines: [`O TrustedUser=${USERS.joe}`, `O AliasFile=${site.path("tables/aliases")}`, `C{t}daemon`],
      without: /^O (?:AliasFile|TrustedUser)/,
    });
  });
  afterAll(() => site.remove());

  test("owns what root builds; groups stay", () => {
    expect(site.run("newaliases", cf()).status).toBe(0);
    expect(owner("tables/aliases.db")).toBe(`${USERS.joe}:0`);
    const table = site.path("tables/access");
    const made = (): unknown => site.run("makemap", [...cf(), "hash", table], "a.example REJECT\n");
    expect(made()).toMatchObject({ status: 0, stderr: "" });
    expect(owner("tables/access.db")).toBe(`${USERS.joe}:0`);
    chownSync(site.path("tables/access.db"), USERS.ann, USERS.ann);
    expect(made()).toMatchObject({ status: 0, stderr: "" });
    expect(owner("tables/access.db")).toBe(`${USERS.joe}:${USERS.ann}`);
    chownSync(site.path("tables/access.db"), 0, 0);
    expect(site.run("editmap", [...cf(), "-u", "hash", table, "b.example", "OK"]).status).toBe(0);
    expect(owner("tables/access.db")).toBe(`${USERS.joe}:0`);
    expect(site.run("makemap", ["-C", "/dev/null", "hash", site.path("tables/other")], "x y\n").status).toBe(0);
    expect(owner("tables/other.db")).toBe("0:0");
  });

  test("without -C the configuration of the machine says who he is", () => {
    expect(site.run("makemap", ["hash", site.path("tables/own")], "x y\n").status).toBe(0);
    expect(owner("tables/own.db")).toBe(`${USERS.joe}:0`);
  });

  test("may build as root may, others may not", () => {
    const build = (uid: number): { status: number | null; stdout: string } => {
      const { status, stdout } = site.run("newaliases", cf(), "", uid);
      return { status, stdout };
    };
    expect(build(USERS.joe)).toMatchObject({ status: 0, stdout: expect.stringContaining("1 aliases") });
    expect(owner("tables/aliases.db")).toBe(`${USERS.joe}:${USERS.joe}`);
    const refused = { status: 64, stdout: "Permission denied (real uid not trusted)\n" };
    expect(build(OTHER)).toEqual(refused);
    expect(build(USERS.ann)).toEqual(refused);
    // Class t may, as far as the system lets it: daemon may not write there.
    expect(build(1)).toMatchObject({ status: 73, stdout: "" });
    chownSync(site.path("tables/aliases"), USERS.ann, 0);
    expect(build(USERS.ann)).toMatchObject({ status: 73, stdout: "" });
  });

  test("has the control socket of a server that root started", async () => {
    const server = await site.start();
    try {
      expect(owner("control")).toBe(`${USERS.joe}:0`);
      expect(statSync(site.path("control")).mode & 0o777).toBe(0o600);
      expect(site.run("mailq", cf(), "", USERS.joe).stdout).toContain("Total requests: 0");
    } finally {
      await server.stop();
    }
  });

  test("that is nobody is named by makemap, which builds all the same", () => {
    const file = site.write("other.cf", "V10\nO TrustedUser=nobody-here\nO DontBlameSendmail=MapInUnsafeDirPath\n");
    const made = site.run("makemap", ["-C", file, "hash", site.path("tables/third")], "x y\n");
    expect(made).toMatchObject({
      status: 0,
      stderr: expect.stringContaining("TrustedUser: unknown user nobody-here\n"),
    });
    expect(owner("tables/third.db")).toBe("0:0");
    site.write("other.cf", `V10\nO TrustedUser=${USERS.ann}:7\n`);
    expect(site.run("makemap", ["-C", file, "hash", site.path("tables/third")], "x y\n").status).toBe(0);
    expect(owner("tables/third.db")).toBe(`${USERS.ann}:0`);
  });
});
