/**
 * The files below /etc/mail that a configuration reads: class files and tables with lines of the shapes that their kinds have.
 * The genuine makemap makes the databases; our program reads the sources beside them.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, extname } from "node:path";

const makemap = [process.env.GENUINE!, "makemap"];

/** Contents for files whose name (or the name of whose map) matches. */
const contents: readonly (readonly [RegExp, string])[] = [
  [
    /access/,
    [
      "spam.test\tREJECT",
      'From:bad@remote.test\tERROR:5.7.1:"550 not you"',
      "203.0.113\tREJECT",
      "Connect:10.1\tRELAY",
      "To:friend.test\tRELAY",
      "Spam:joe@\tFRIEND",
      "blocked@\tERROR:550 mailbox gone",
      "TLS_Srv:tls.remote.test\tENCR:112",
      "Try_TLS:roam.remote.test\tNO",
      'AuthInfo:remote.test\t"U:joe" "P=secret"',
      "GreetPause:192.0.2.9\t5000",
      "Srv_Features:localhost\tv",
      "ClientRate:192.0.2\t10",
      "ClientConn:\t5",
      "From:discard@remote.test\tDISCARD",
      "Connect:198.51.100\tOK",
      "To:postmaster@\tOK",
      "Quarantine:x\ty",
    ].join("\n"),
  ],
  [
    /mailertable/,
    [
      "remote.test\tesmtp:[gw.example.test]",
      ".remote.test\tsmtp:mx.remote.test",
      "local.test\tlocal:",
      "err.test\terror:5.7.0:550 no mail",
      "x.uucp\tuucp-new:x",
    ].join("\n"),
  ],
  [
    /virtuser/,
    [
      "joe@virt.test\tann",
      "sales@virt.test\tann@remote.test",
      "@virt.test\tcatch",
      "none@virt.test\terror:nouser 550 no such user here",
      "@cat.test\t%1@remote.test",
      "plus+*@virt.test\tplus",
    ].join("\n"),
  ],
  [
    /generics/,
    ["joe\tJoe.Doe@example.test", "root\tadmin@example.test", "ann@mail.example.test\tann@out.test"].join("\n"),
  ],
  [/domaintable/, "old.test\tnew.test\nx.bitnet\tx.example.test"],
  [/uucp/, "abc\tabc.example.test"],
  [/bitdomain/, "x\tx.bit.test"],
  [/authinfo/, 'AuthInfo:\t"U:joe" "P:secret"\nAuthInfo:remote.test\t"U:ann" "P:x"'],
  [/user/, "joe: joe"],
  [/local-host|sendmail\.cw|\.cw$/, "mail.example.test\nfirst.example.test\n# comment\nsecond.example.test third.test"],
  [/relay|trust|generic-?s?-domain|virt|domains|\.ct$|\.cR$/i, "relay.test\nvirt.test\nexample.test\n192.0.2.9"],
];

export function clearTables(): void {
  rmSync("/etc/mail", { recursive: true, force: true });
  mkdirSync("/etc/mail", { recursive: true });
}

export function makeTables(cf: string): void {
  clearTables();
  for (const [, path] of cf.matchAll(/^F(?:\{\w+\}|\S)(?:-o )?\s*(\/etc\/[^\s@|]+)/gm)) write(path, "class");
  for (const [, name, mapClass, rest] of cf.matchAll(/^K(\S+)\s+(\S+)(.*)$/gm)) {
    const path = /(\/etc\/\S+)/.exec(rest)?.[1]?.replace(/\.db$/, "");
    if (path === undefined || !/^(?:hash|btree|dbm|text)$/.test(mapClass)) continue;
    write(path, name);
    if (mapClass === "hash" || mapClass === "btree") database(path, mapClass);
  }
}

function write(path: string, name: string): void {
  const found = contents.find(([pattern]) => pattern.test(name)) ?? contents.find(([pattern]) => pattern.test(path));
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${found?.[1] ?? "word\tvalue\njoe\tann"}\n`);
}

function database(path: string, mapClass: string): void {
  const [program, ...args] = makemap;
  if (extname(path) === ".db") return;
  spawnSync("sh", ["-c", `"$@" < ${path}`, "sh", program, ...args, mapClass, path]);
}
