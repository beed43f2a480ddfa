/**
 * Whether a message may be answered by a program (RFC 3834 §2): only what somebody has sent to this user himself. Never an
 * answer to a list, to bulk mail, to another program, or to nobody: two programs would answer each other for ever.
 */
import { addressSpans, bareMailbox } from "../../mail/address-list.ts";
import { findField, type HeaderField, isField, unfold } from "../../mail/header.ts";
import { foldCase } from "../../rewriting/fold-case.ts";

/** Local parts of programs, whole or at an end. */
const PROGRAMS = /^(?:mailer-daemon|mailer|postmaster|uucp|owner-.*|.+-(?:owner|relay|request|bounces))$/s;
const MASS_MAIL = /^\s*(?:bulk|junk|list)\b/i;

export interface Question {
  /** Envelope sender; "" for nobody. */
  readonly sender: string;
  readonly fields: readonly HeaderField[];
  /** Login name and aliases: local parts, or whole addresses. */
  readonly names: readonly string[];
  /** It need not be addressed to one of the names. */
  readonly anyRecipient: boolean;
}

/** @returns why not */
export function reasonAgainst({ sender, fields, names, anyRecipient }: Question): string | undefined {
  const bare = foldCase(sender.replace(/^<(.*)>$/s, "$1"));
  if (bare === "") return "it comes from nobody";
  const at = bare.lastIndexOf("@");
  if (PROGRAMS.test(at < 0 ? bare : bare.slice(0, at))) return "it comes from a program";
  if (/^\s*<\s*>/.test(findField(fields, "Return-Path")?.value ?? "")) return "it comes from nobody";
  const submitted = findField(fields, "Auto-Submitted");
  if (submitted !== undefined && !/^\s*no\s*(?:;|$)/i.test(unfold(submitted.value))) return "a program has sent it";
  const precedence = findField(fields, "Precedence");
  if (precedence !== undefined && MASS_MAIL.test(unfold(precedence.value))) return "it is mass mail";
  if (fields.some(({ name }) => /^list-/i.test(name))) return "it comes from a list";
  return anyRecipient || isAddressedTo(fields, names) ? undefined : "it is not addressed to this user";
}

function isAddressedTo(fields: readonly HeaderField[], names: readonly string[]): boolean {
  const wanted = new Set(names.map(foldCase));
  return fields
    .filter((field) => isField(field, "To") || isField(field, "Cc"))
    .flatMap(({ value }) => addressSpans(value).map(({ start, end }) => value.slice(start, end)))
    .some((address) =>
      isOneOf(
        foldCase(
          unfold(bareMailbox(address))
            .trim()
            .replace(/^<(.*)>$/s, "$1"),
        ),
        wanted,
      ),
    );
}

/** `joe`, `joe@any.host`, `joe+detail@any.host`; an alias with a host only there. */
function isOneOf(address: string, names: ReadonlySet<string>): boolean {
  const at = address.lastIndexOf("@");
  const local = at < 0 ? address : address.slice(0, at);
  const plus = local.indexOf("+");
  return names.has(address) || names.has(local) || (plus > 0 && names.has(local.slice(0, plus)));
}
