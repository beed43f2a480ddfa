/** The public suite of ARC cases: what has to pass and to fail, and what sealing has to write. */
import { createPrivateKey, sign } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import { sealableNames, startSealer } from "../../src/authentication/arc/seal.ts";
import { startVerification } from "../../src/authentication/dkim/verify.ts";
import type { HeaderField } from "../../src/mail/header.ts";
import { answeringResolver } from "../support/answering-resolver.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { mappingAt, type Mapping, readPlainYaml, textAt } from "../support/plain-yaml.ts";
import { suiteFile } from "../support/suites.ts";
import { cutMessage, verifyText } from "../support/whole-message.ts";

/** Declares the cases of a file, or says that it is not here. */
function casesOf(
  file: string,
  count: number,
  run: (name: string, it: Mapping, document: Mapping) => Promise<void>,
): void {
  const text = suiteFile(`arc/${file}`);
  if (text === undefined) {
    test.skip(`${file} (skipped: the suite does not lie beside the project; SUITES_DIR names its folder)`, () =>
      undefined);
    return;
  }
  const documents = readPlainYaml(text);
  const all = documents.flatMap((document) =>
    mappingAt(document, "tests").map(([name, value]) => ({ name, value, document })),
  );
  test("all cases were found", () => expect(all.length).toBe(count));
  test.each(all)("$name", async ({ name, value, document }) => {
    if (typeof value === "string") throw new Error(`${name} is no case`);
    await run(name, value, document);
  });
}

function resolverOf(document: Mapping) {
  const records = mappingAt(document, "txt-records").map(([name, text]) => [name, String(text).replaceAll("\n", "")]);
  return answeringResolver(Object.fromEntries(records) as Record<string, string>);
}

function messageOf(it: Mapping): string {
  return textAt(it, "message").replaceAll("\n", "\r\n");
}

describe("validation", () => {
  casesOf("arc-draft-validation-tests.yml", 175, async (_name, it, document) => {
    const options = { resolver: resolverOf(document), clock: new ManualClock(), arc: true };
    const { arc } = await verifyText(messageOf(it), options);
    const wanted = textAt(it, "cv").trim().toLowerCase();
    // Without a wanted result the suite leaves it open whether a chain that had failed is one.
    expect(wanted === "" ? ["fail", "none"] : [wanted]).toContain(arc.result);
  });
});

describe("sealing", () => {
  casesOf("arc-draft-sign-tests.yml", 17, async (_name, it, document) => {
    const { fields, body } = cutMessage(messageOf(it));
    const clock = new ManualClock(Number(textAt(it, "t")) * 1000);
    const verification = startVerification(fields, { resolver: resolverOf(document), clock, arc: true });
    verification.update(body);
    const { arc } = await verification.end();
    const key = {
      domain: textAt(document, "domain"),
      selector: textAt(document, "sel"),
      key: createPrivateKey(textAt(document, "privatekey")),
    };
    const sealer = startSealer(fields, key, {
      clock,
      names: sealableNames(textAt(it, "sig-headers").split(":")),
      validation: arc.result,
      results: mergedResults(fields, textAt(it, "srv-id")),
    });
    sealer.update(body);
    const written = await sealer.end();
    const [seal, message, results] = ["AS", "AMS", "AAR"].map((name) => tagsOf(textAt(it, name)));
    if (seal.length === 0) {
      expect(written).toEqual([]);
      return;
    }
    const ours = written.map((field) => tagsOf(field.slice(field.indexOf(":") + 1)));
    expect(ours.map(withoutB)).toEqual([seal, message, results].map(withoutB));
    // The message signature does not depend on how it is folded; the seal does, and the suite folds no b=.
    expect(ours[1]).toEqual(message);
    const before = arc.result === "pass" ? setsOf(fields) : "";
    const sealed = (unfold: boolean) =>
      before +
      [written[2], unfold ? written[1].replace(/\tb=[^;]*/, unfolded) : written[1]].map(relaxed).join("") +
      relaxed(written[0].replace(/b=[^;]*/, "b=")).trimEnd();
    expect(sign("sha256", Buffer.from(sealed(true)), key.key).toString("base64")).toBe(bOf(seal));
    expect(sign("sha256", Buffer.from(sealed(false)), key.key).toString("base64")).toBe(bOf(ours[0]));
  });
});

/** The sets of a message, lowest first, as a seal covers them. */
function setsOf(fields: readonly HeaderField[]): string {
  const names = ["arc-authentication-results", "arc-message-signature", "arc-seal"];
  const sets = [1, 2, 3].flatMap((i) =>
    names.flatMap((name) =>
      fields.filter((field) => field.name.toLowerCase() === name && new RegExp(`\\bi=${i};`).test(field.value)),
    ),
  );
  return sets.map(({ name, value }) => relaxed(`${name}:${value}`)).join("");
}

function relaxed(field: string): string {
  const colon = field.indexOf(":");
  const value = field.slice(colon + 1).replaceAll(/\s+/g, " ");
  return `${field.slice(0, colon).toLowerCase()}:${value.trim()}\r\n`;
}

function unfolded(tag: string): string {
  return `\t${tag.replaceAll(/\s+/g, "")}`;
}

function bOf(tags: readonly string[]): string | undefined {
  return tags.find((tag) => tag.startsWith("b="))?.slice(2);
}

function withoutB(tags: readonly string[]): readonly string[] {
  return tags.filter((tag) => !tag.startsWith("b="));
}

/** The Authentication-Results of a server, joined as the suite wants it. */
function mergedResults(fields: readonly HeaderField[], server: string): string {
  const own = fields
    .filter(({ name, value }) => name === "Authentication-Results" && value.trim().startsWith(`${server};`))
    .map(({ value }) => value.trim().slice(server.length + 1));
  return [server, ...own].join(";");
}

function tagsOf(value: string): string[] {
  return value
    .replaceAll(/\s+/g, "")
    .split(";")
    .filter((tag) => tag !== "");
}
