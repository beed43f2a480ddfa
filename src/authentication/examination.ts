/**
 * All that is found out about the sender of one message, in the order in which it can be: SPF at MAIL, signatures while the
 * body passes, DMARC at the end. Nothing is kept of the body, and nothing read twice.
 */
import type { SenderCheck } from "../config/sender-checks.ts";
import type { HeaderField } from "../mail/header.ts";
import type { ArcResult } from "./arc/verify.ts";
import { type MessageVerification, startVerification } from "./dkim/verify.ts";
import { evaluateDmarc, type DmarcEnvironment } from "./dmarc/evaluate.ts";
import type { DmarcResult } from "./dmarc/result.ts";
import type { SenderEvidence } from "./evidence.ts";
import type { IprevResult } from "./iprev.ts";
import type { Told } from "./results-field.ts";
import { checkSpf, type SpfEnvironment } from "./spf/check.ts";
import type { SpfResult } from "./spf/result.ts";

/** What the session knows of the sender. */
export interface Introduction {
  /** IP address of the client. */
  readonly client: string;
  readonly helo: string;
  /** Reverse-path without brackets; "" for the null path. */
  readonly mailFrom: string;
  readonly iprev: IprevResult;
}

export interface ExaminationEnvironment extends SpfEnvironment, DmarcEnvironment {
  /** Whether questions have waited for others of this client. */
  readonly hasWaited: () => boolean;
}

export interface Examined {
  readonly evidence: Omit<SenderEvidence, "disposition">;
  /** What is to be told of it. */
  readonly told: Told;
  /** DMARC has no result, and the client may have seen to that. */
  readonly crowded: boolean;
}

const NOT_ASKED: { readonly spf: SpfResult; readonly arc: ArcResult; readonly dmarc: DmarcResult } = {
  spf: { result: "none", identity: "mailfrom", domain: "" },
  arc: { result: "none", chain: [] },
  dmarc: { result: "none", domain: "", policy: "none", spfAligned: false },
};

export class Examination {
  readonly #introduction: Introduction;
  readonly #checks: ReadonlySet<SenderCheck>;
  readonly #environment: ExaminationEnvironment;
  #spf: SpfResult | undefined;
  #spfHelo: SpfResult | undefined;
  #signatures: MessageVerification | undefined;
  #fields: readonly HeaderField[] | undefined;

  constructor(introduction: Introduction, checks: ReadonlySet<SenderCheck>, environment: ExaminationEnvironment) {
    this.#introduction = introduction;
    this.#checks = checks;
    this.#environment = environment;
  }

  /** At MAIL: SPF of the sender, and of the HELO name where that is somebody else (RFC 7208 §2.3). Never rejects. */
  async sender(): Promise<Told> {
    const { client, helo, mailFrom: sender, iprev } = this.#introduction;
    if (!this.#checks.has("spf")) return { iprev };
    const isNull = sender === "";
    const [spf, spfHelo] = await Promise.all([
      checkSpf({ client, helo, sender, identity: isNull ? "helo" : "mailfrom" }, this.#environment),
      isNull ? undefined : checkSpf({ client, helo, sender: "", identity: "helo" }, this.#environment),
    ]);
    this.#spf = spf;
    // A HELO name that is no domain has nothing to tell.
    if (spfHelo !== undefined && spfHelo.domain !== "") this.#spfHelo = spfHelo;
    return { iprev, spf, spfHelo: this.#spfHelo };
  }

  /** The header is there, as it came; the body follows. */
  begin(fields: readonly HeaderField[]): void {
    if (this.#fields !== undefined) return;
    this.#fields = fields;
    const { resolver, clock, timeLimit } = this.#environment;
    if (!this.#checks.has("dkim") && !this.#checks.has("arc")) return;
    this.#signatures = startVerification(fields, { resolver, clock, arc: this.#checks.has("arc"), budget: timeLimit });
  }

  /** Octets of the body, with CRLF line ends, in pieces of any size. */
  update(octets: Buffer): void {
    this.#signatures?.update(octets);
  }

  /** The message is complete: all that is known. Never rejects. */
  async finish(): Promise<Examined> {
    const fields = this.#fields ?? [];
    const { client, helo, mailFrom, iprev } = this.#introduction;
    const signatures = await this.#signatures?.end();
    const spf = this.#spf ?? NOT_ASKED.spf;
    const dkim = signatures?.dkim ?? [];
    const dmarc = this.#checks.has("dmarc")
      ? await evaluateDmarc({ fields, sender: mailFrom, spf, dkim }, this.#environment)
      : NOT_ASKED.dmarc;
    const arc = signatures?.arc ?? NOT_ASKED.arc;
    const spfHelo = this.#spfHelo === undefined ? {} : { spfHelo: this.#spfHelo };
    const headerFrom = dmarc.domain === "" ? {} : { headerFrom: dmarc.domain };
    const told: Told = {
      iprev,
      ...(this.#spf === undefined ? {} : { spf, ...spfHelo }),
      ...(this.#checks.has("dkim") ? { dkim } : {}),
      ...(this.#checks.has("dmarc") ? { dmarc } : {}),
      ...(this.#checks.has("arc") ? { arc } : {}),
      client,
    };
    const crowded = dmarc.result === "temperror" && this.#environment.hasWaited();
    return {
      crowded,
      evidence: { client, helo, mailFrom, ...headerFrom, spf, ...spfHelo, dkim, arc, dmarc, iprev },
      told,
    };
  }
}
