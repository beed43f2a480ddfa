/** Ports that the configuration asks for: open when a server runs, and held by nobody else. */
import { listenersOn } from "../../../daemon/listen-problem.ts";
import type { Check } from "../check.ts";
import type { Finding } from "../finding.ts";
import { configOf } from "../patient.ts";

export const ports: Check = {
  name: "ports",
  about: "the server, its ports, and what else holds them",
  needs: "configuration",
  async run(patient) {
    const { before, proc, home, file } = patient;
    const server = await patient.server();
    const findings: Finding[] = [];
    for (const { name, port, family, modifiers } of configOf(patient).daemonPorts) {
      if (family === "local" || port === 0) continue;
      const { isTaken, processes } = listenersOn(port, proc);
      const ours = server.kind === "running" && processes.some(({ pid }) => pid === server.pid);
      // Whose socket it is only root may see.
      if (ours || (isTaken && processes.length === 0 && server.kind !== "absent")) continue;
      if (isTaken) findings.push(taken(name, port, processes));
      else if (server.kind === "running" && !modifiers.has("O")) findings.push(closed(name, port, server.pid));
    }
    if (server.kind === "absent" && !before && findings.length === 0) findings.push(absent(home.folder, file));
    return findings;
  },
};

function absent(where: string, file: string): Finding {
  const elsewhere = "RULEMAIL_HOME says where one is that has another home";
  return {
    kind: "not-running",
    what: "no server runs",
    where,
    todo: `sendmail -bd -C ${file}, or systemctl start rulemail; ${elsewhere}`,
  };
}

function taken(
  name: string,
  port: number,
  processes: readonly { readonly pid: number; readonly name: string }[],
): Finding {
  const who = processes.map((each) => `process ${each.pid} (${each.name})`).join(", ") || "another program";
  return {
    kind: "port-taken",
    what: `${who} listens on port ${port}, which the configuration wants for ${name}`,
    where: `port ${port}`,
    todo: `ss -ltnp 'sport = :${port}' tells who; stop it and keep it from starting again: systemctl disable --now NAME`,
  };
}

function closed(name: string, port: number, pid: number): Finding {
  return {
    kind: "port-closed",
    what: `the server (process ${pid}) does not listen on port ${port} of ${name}`,
    where: `port ${port}`,
    todo: "look for its reason in the log; when the configuration was changed: kill -HUP the server",
  };
}
