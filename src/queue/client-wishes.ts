/**
 * What a caller of sendmail asked for beside the envelope, while no server was there to hear it: a macro of the message in
 * the client queue. Any user may write anything into his file, so every value is checked when it is read.
 */
export interface ClientWishes {
  /** -n. */
  readonly noAliases?: boolean;
  /** -od, but for i: nobody waits any more. */
  readonly deliveryMode?: "b" | "q" | "d";
  /** -h. */
  readonly hopCount?: number;
  /** -oo. */
  readonly oldStyle?: boolean;
  /** From `sendmail -bs`: single addresses. */
  readonly smtp?: boolean;
  /** The server has seen it and wants it another time, not at once. */
  readonly isDeferred?: boolean;
  /** -p: latin1. */
  readonly protocol?: string;
  readonly protocolHost?: string;
}

/** Name of the macro; its value is JSON. */
const WISHES = "rulemail_wishes";

export function wishesAsMacros(wishes: ClientWishes): Readonly<Record<string, string>> {
  const text = JSON.stringify(wishes);
  return text === "{}" ? {} : { [WISHES]: text };
}

export function readWishes(macros: Readonly<Record<string, string>>): ClientWishes {
  const given = parsed(macros[WISHES]);
  const mode = (["b", "q", "d"] as const).find((each) => each === given["deliveryMode"]);
  const hops = given["hopCount"];
  const flags = (["noAliases", "oldStyle", "smtp", "isDeferred"] as const).filter(
    (name) => typeof given[name] === "boolean",
  );
  const texts = (["protocol", "protocolHost"] as const).filter((name) => typeof given[name] === "string");
  return {
    ...Object.fromEntries(texts.map((name) => [name, given[name]])),
    ...Object.fromEntries(flags.map((name) => [name, given[name]])),
    ...(mode === undefined ? {} : { deliveryMode: mode }),
    ...(typeof hops === "number" && Number.isSafeInteger(hops) && hops >= 0 ? { hopCount: hops } : {}),
  };
}

function parsed(text = "{}"): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
