import { expect, test } from "@jest/globals";
import { FEATURE_LETTERS, readFeatures } from "../../../src/smtpd/features.ts";
import { fakeOptions, fakePort, type OptionValues } from "../../support/fake-smtp-services.ts";

interface Setting {
  readonly privacy?: string;
  readonly modifiers?: string;
  readonly port?: number;
  readonly options?: OptionValues;
}

function features({ privacy = "", modifiers = "", port = 587, options = {} }: Setting, letters?: string) {
  return readFeatures(
    {
      settings: { privacy: new Set(privacy.split(" ")) },
      port: fakePort({ port, modifiers: new Set(modifiers) }),
      site: { config: { options: fakeOptions({ AuthCleartext: true, ...options }) } },
    },
    letters,
  );
}

/** Which of the answers "yes" are. */
function on(setting: Setting, letters?: string): string {
  return Object.entries(features(setting, letters))
    .filter(([, value]) => value === true)
    .map(([name]) => name)
    .join(" ");
}

const USUAL =
  "offersExpn offersVerb offersDsn offersEtrn offersPipelining offersTls offersAuth asksCertificate refusesStuffing";

function without(...names: string[]): string {
  return USUAL.split(" ")
    .filter((name) => !names.includes(name))
    .join(" ");
}

test.each([
  ["nothing said", {}, USUAL],
  ["noexpn takes VERB too", { privacy: "noexpn" }, without("offersExpn", "offersVerb")],
  ["noverb", { privacy: "noverb" }, without("offersVerb")],
  ["noetrn", { privacy: "noetrn" }, without("offersEtrn")],
  ["noreceipts", { privacy: "noreceipts" }, without("offersDsn")],
  ["no MIME", { options: { SendMimeErrors: false } }, without("offersDsn")],
  ["M=E", { modifiers: "E" }, without("offersEtrn")],
  ["M=S", { modifiers: "S" }, without("offersTls")],
  ["M=A", { modifiers: "A" }, without("offersAuth")],
  ["TLSSrvOptions V", { options: { TLSSrvOptions: "V" } }, without("asksCertificate")],
])("what a configuration says without srv_features: %s", (_case, setting: Setting, expected) => {
  expect(on(setting)).toBe(expected);
  expect(on(setting, "")).toBe(expected);
});

test("M=a requires AUTH, AuthOptions p keeps plain mechanisms for TLS", () => {
  expect(features({ modifiers: "a" }).requiresAuth).toBe(true);
  expect(features({ options: { AuthOptions: "A p y" } }).plainNeedsTls).toBe(true);
  expect(features({})).toMatchObject({ requiresAuth: false, plainNeedsTls: false });
  expect(features({ options: { AuthCleartext: false } }).plainNeedsTls).toBe(true);
  expect(features({ options: { AuthCleartext: false } }, "C").plainNeedsTls).toBe(false);
});

test("on port 25 AUTH is offered only where somebody asks for it", () => {
  expect(features({ port: 25 }).offersAuth).toBe(false);
  expect(features({ port: 25 }, "a").offersAuth).toBe(true);
  expect(features({ port: 25, modifiers: "a" })).toMatchObject({ offersAuth: true, requiresAuth: true });
});

// VERB is left out: it is offered with EXPN only.
test.each([...FEATURE_LETTERS].filter(([letter]) => letter !== "b"))(
  "the letter %s switches %s on, its capital off, whatever is configured",
  (letter, feature) => {
    const privacy = "noexpn noverb noetrn noreceipts";
    for (const setting of [{}, { privacy, options: { TLSSrvOptions: "V", AuthOptions: "p" } }, { modifiers: "aE" }]) {
      expect(features(setting, letter)[feature]).toBe(true);
      expect(features(setting, letter.toUpperCase())[feature]).toBe(false);
      // The last one counts; blanks and letters that mean nothing are no harm.
      expect(features(setting, `z ${letter.toUpperCase()} ${letter}`)[feature]).toBe(true);
    }
  },
);

// As genuine answers to EHLO, VERB and EXPN.
test.each([
  ["noverb", "b", true],
  ["noverb", "x", false],
  ["noexpn", "b", false],
  ["noexpn", "x", false],
  ["noexpn", "x b", true],
  ["noexpn noverb", "x", false],
  ["noexpn noverb", "b x", true],
  ["", "X", false],
  ["", "B", false],
  ["", "OK", true],
])("VERB with PrivacyOptions %s and the letters %s", (privacy, letters, expected) => {
  expect(features({ privacy }, letters).offersVerb).toBe(expected);
});

test("a port that takes AUTH away has the last word, one that takes STARTTLS away has not", () => {
  expect(features({ modifiers: "AS" }, "a s")).toMatchObject({ offersAuth: false, offersTls: true });
});

test("temp is no list of letters", () => {
  for (const letters of ["temp", "TEMP", "temp OK"]) {
    expect(features({}, letters)).toMatchObject({ isTemporary: true, offersPipelining: true });
  }
  expect(features({}, "AxTEMP").isTemporary).toBe(false);
});
