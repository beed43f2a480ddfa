/** Whether the value of an option only says what counts anyway. */
import { isTrue } from "./option-values.ts";
import type { OptionRow } from "./options.ts";
import { readTime } from "./times.ts";

/** @param value as it is written in a configuration */
export function isDefault({ type, initial, unit }: OptionRow, value: string): boolean {
  switch (type) {
    case "flag":
      return isTrue(value) === isTrue(initial);
    case "time":
      return readTime(value, unit ?? "s").value === readTime(initial, unit ?? "s").value;
    case "text":
      return value === initial;
    default:
      return (Number.parseInt(value, 10) || 0) === (Number.parseInt(initial, 10) || 0);
  }
}
