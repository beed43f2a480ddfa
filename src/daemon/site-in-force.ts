/** The site in force, and how another one takes its place. What began with the old one keeps it to its end. */
import type { Attachment, Site } from "../site/site.ts";
import type { OpenedSite } from "../site/open-site.ts";
import type { Log } from "../log/log.ts";
import { EX } from "../sys/sysexits.ts";

export interface ReloadOptions<Agents extends Attachment> {
  /** Name of the configuration file, for the log. */
  readonly file: string;
  readonly log: Log;
  /** Reads the configuration again. */
  readonly open: () => Promise<OpenedSite<Agents>>;
  /** Before the new one is in force: makes what it needs. */
  readonly prepare: (site: Site<Agents>) => Promise<unknown>;
  /** After it is: opens its ports and the like; what went wrong there. */
  readonly adopt: (site: Site<Agents>) => Promise<readonly Error[]>;
}

export class SiteInForce<Agents extends Attachment> {
  readonly #options: ReloadOptions<Agents>;
  #current: Site<Agents>;
  #reloading: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(first: Site<Agents>, options: ReloadOptions<Agents>) {
    this.#current = first;
    this.#options = options;
  }

  get current(): Site<Agents> {
    return this.#current;
  }

  /**
   * Reads the configuration file again, one reload after the other. When it is broken the old one stays in force.
   * @returns what is wrong, in sendmail's words; empty when all is well
   */
  reload(): Promise<readonly string[]> {
    const next = this.#reloading.then(() => (this.#closed ? [] : this.#reload()));
    this.#reloading = next.catch(() => undefined);
    return next;
  }

  /** Closes the site, whoever still holds it, after a reload under way. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#reloading;
    await this.#current.close();
  }

  async #reload(): Promise<readonly string[]> {
    const { file, log, open, prepare, adopt } = this.#options;
    const opened = await open();
    for (const text of opened.messages) log.write(1, { priority: "err", text });
    if (opened.kind === "failed" || opened.exit !== EX.OK) {
      if (opened.kind === "opened") await opened.site.close();
      log.write(1, { priority: "crit", text: `${file} is broken: the old configuration stays` });
      return opened.messages;
    }
    await prepare(opened.site);
    const old = this.#current;
    this.#current = opened.site;
    old.retire();
    const problems = await adopt(opened.site);
    for (const { message } of problems) log.write(0, { priority: "crit", text: `cannot open a port: ${message}` });
    log.write(1, { priority: "info", text: `configuration ${file} in force` });
    return [...opened.messages, ...problems.map(({ message }) => message)];
  }
}
