/** main.cf: settings with their lines, and their values with `$name` put in. */
import { join } from "node:path";
import { logicalLines, textOf } from "../text-lines.ts";

export interface MainSetting {
  readonly name: string;
  readonly line: number;
  /** As it stands there. */
  readonly raw: string;
}

export class MainCf {
  readonly file: string;
  readonly #settings = new Map<string, MainSetting>();

  /** @param text latin1 */
  constructor(file: string, text: string) {
    this.file = file;
    for (const { line, text: each } of logicalLines(text)) {
      const [, name, raw = ""] = /^([A-Za-z0-9_]+)\s*=\s*(.*)$/s.exec(each) ?? [];
      // The last one counts.
      if (name !== undefined) this.#settings.set(name, { name, line, raw: raw.trim() });
    }
  }

  /** All that are set, in the order of their last lines. */
  get settings(): readonly MainSetting[] {
    return [...this.#settings.values()].toSorted((a, b) => a.line - b.line);
  }

  lineOf(name: string): number {
    return this.#settings.get(name)?.line ?? 0;
  }

  has(name: string): boolean {
    return this.#settings.has(name);
  }

  /** The value, or what Postfix takes where nothing is set. */
  value(name: string): string {
    return this.expand(this.#settings.get(name)?.raw ?? DEFAULTS[name] ?? "");
  }

  /** Words of a list, at blanks and commas. */
  list(name: string): readonly string[] {
    return this.value(name)
      .split(/[\s,]+/)
      .filter((word) => word !== "");
  }

  /** `$name`, `${name}`, `$(name)`; `${name?text}` and `${name:text}`. */
  expand(text: string, depth = 0): string {
    if (depth > 20) return text;
    return text.replaceAll(
      /\$(?:(\w+)|\{(\w+)(?:([?:])([^}]*))?\}|\((\w+)\))/g,
      (_all, plain?: string, braced?: string, mark?: string, alternative?: string, round?: string) => {
        const name = plain ?? braced ?? round ?? "";
        const raw = this.#settings.get(name)?.raw ?? DEFAULTS[name] ?? "";
        if (mark === "?") return raw === "" ? "" : this.expand(alternative ?? "", depth + 1);
        if (mark === ":" && raw === "") return this.expand(alternative ?? "", depth + 1);
        return this.expand(raw, depth + 1);
      },
    );
  }
}

/** Of settings that others are made from. */
const DEFAULTS: Readonly<Record<string, string>> = {
  mydestination: "$myhostname, localhost.$mydomain, localhost",
  myorigin: "$myhostname",
  mynetworks: "127.0.0.0/8 [::1]/128",
  queue_directory: "/var/spool/postfix",
  mail_spool_directory: "/var/mail",
  inet_interfaces: "all",
  inet_protocols: "all",
  alias_maps: "hash:/etc/aliases",
  alias_database: "hash:/etc/aliases",
  recipient_delimiter: "",
};

export function readMainCf(folder: string): MainCf | undefined {
  const file = join(folder, "main.cf");
  const text = textOf(file);
  return text === undefined ? undefined : new MainCf(file, text);
}

/** A table of Postfix as it is named: `hash:/etc/postfix/virtual`, `$config_directory/virtual`. */
export interface NamedTable {
  readonly kind: string;
  /** Its text; undefined: it is none that has one. */
  readonly path: string | undefined;
}

const WITH_TEXT: ReadonlySet<string> = new Set(["hash", "btree", "dbm", "cdb", "lmdb", "texthash"]);

export function namedTable(word: string): NamedTable {
  const [, kind = "", path = ""] = /^(?:proxy:)?([a-z]+):(.*)$/.exec(word) ?? [];
  return { kind, path: WITH_TEXT.has(kind) && path.startsWith("/") ? path : undefined };
}
