/** Services of a control socket, of which a test needs only some. */
import type { ControlServices } from "../../src/control/server.ts";

function refuse(): never {
  throw new Error("not here");
}

export function servicesWith(given: Partial<ControlServices>): ControlServices {
  return {
    submit: refuse,
    status: refuse,
    sessions: refuse,
    mayList: refuse,
    list: refuse,
    count: refuse,
    run: refuse,
    hold: refuse,
    release: refuse,
    remove: refuse,
    ids: refuse,
    top: refuse,
    why: refuse,
    show: refuse,
    bounce: refuse,
    reroute: refuse,
    bounceClient: refuse,
    rerouteClient: refuse,
    suspensions: refuse,
    reload: refuse,
    shutdown: refuse,
    ...given,
  };
}
