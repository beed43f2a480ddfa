/** Modest colour for test mode on a terminal: names of rulesets, results, complaints. Lines keep every character. */

const CYAN = "\x1b[36m";
const GREEN = "\x1b[32m";
const YELLOW = "\x1b[33m";
const DIM = "\x1b[2m";
const OFF = "\x1b[0m";

const ROWS: readonly (readonly [RegExp, string])[] = [
  [/^\S.{15} (?:  input|returns):/, CYAN],
  [/^mailer .*$|^goes to .*$|^Rcode = .*$/, GREEN],
  [/^-----? ?(?:trying|rule fails).*$/, DIM],
  [/^(?:Undefined|Unknown|Usage:|Cannot|No |is refused|cannot be told|map .* not ).*$|^.*: line [0-9]+: .*$/, YELLOW],
];

/** Whether this terminal wants colour: https://no-color.org, and terminals that cannot. */
export function wantsColour(environment: Readonly<Record<string, string | undefined>>): boolean {
  return !environment["NO_COLOR"] && environment["TERM"] !== "dumb";
}

export function colour(text: string): string {
  return text
    .split("\n")
    .map((line) => {
      for (const [form, code] of ROWS) {
        const found = form.exec(line)?.[0];
        if (found !== undefined) return `${code}${found}${OFF}${line.slice(found.length)}`;
      }
      return line;
    })
    .join("\n");
}
