/** Whether the value of an option only says what counts anyway. */
import { isTrue } from "./option-values.ts";
import { type OptionRow, writtenDefault } from "./options/row.ts";
import { readTime } from "./times.ts";

/** @param value as it is written in a configuration */
export function isDefault(row: OptionRow, value: string): boolean {
  switch (row.type) {
    case "flag":
      return isTrue(value) === row.initial;
    case "time":
      return readTime(value, row.unit).value === readTime(row.initial, row.unit).value;
    case "text":
      return value === row.initial;
    default:
      return (Number.parseInt(value, 10) || 0) === (Number.parseInt(writtenDefault(row), 10) || 0);
  }
}
