/** What is wrong with the mail filters of a configuration, in sendmail's words: a server does not start with that. */
import type { Config } from "../config/config.ts";
import { filterNames } from "../config/milters.ts";
import { dontBlameOf } from "../config/policies.ts";
import { checkSocket, explainUnopened } from "../sys/safe-file.ts";
import { EX, type ExitCode } from "../sys/sysexits.ts";

export interface FilterProblem {
  readonly text: string;
  /** Absent: a warning. */
  readonly exit?: ExitCode;
}

/** Filters that no X line defines, and sockets that others could replace. */
export function filterProblems(config: Pick<Config, "options" | "filters" | "daemonPorts">): readonly FilterProblem[] {
  return [...undefinedFilters(config), ...unsafeSockets(config)];
}

function undefinedFilters({ options, filters, daemonPorts }: Parameters<typeof filterProblems>[0]): FilterProblem[] {
  const lists = [
    options.text("InputMailFilters"),
    ...daemonPorts.map(({ extra }) => extra.get("inputmailfilters") ?? ""),
  ];
  const names = new Set(lists.flatMap(filterNames));
  return [...names]
    .filter((name) => !filters.has(name))
    .map((name) => ({ text: `InputFilter ${name} not defined: No such file or directory`, exit: EX.CONFIG }));
}

function unsafeSockets({ options, filters }: Parameters<typeof filterProblems>[0]): FilterProblem[] {
  const dontBlame = dontBlameOf(options);
  return [...filters.values()].flatMap(({ name, socket }): FilterProblem[] => {
    if (socket.kind !== "unix") return [];
    const { path } = socket;
    const found = checkSocket(path, { dontBlame });
    const what = `X${name}: local socket name ${path}`;
    if (found?.kind === "unsafe") return [{ text: `${what} unsafe: ${explainUnopened(found)}`, exit: EX.OSERR }];
    return found?.kind === "absent" ? [{ text: `WARNING: ${what} missing` }] : [];
  });
}
