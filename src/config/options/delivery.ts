/** Options of delivery: when, to which hosts, over which connections. */
import { isIPv6 } from "node:net";
import { isClassicAddress } from "../endpoints.ts";
import { NOT_YET } from "../reasons.ts";
import type { Check, OptionRow } from "./row.ts";

const deliveryMode: Check = (value, { messages }) => {
  if (value === "" || /^[biqd]/.test(value)) return value;
  messages.stop(`Unknown delivery mode ${value[0]}`);
  return undefined;
};

const onlyAddress: Check = (value, { messages }) => {
  // The address of all ones is how the C library says that it found none.
  const usable = isClassicAddress(value) && !/^(?:4294967295|255\.255\.255\.255|0xffffffff)$/i.test(value);
  if (usable || isIPv6(value.replace(/^IPv6:/i, ""))) return value;
  messages.error(`readcf: option ConnectOnlyTo: invalid IP address ${value}`);
  return undefined;
};

export const DELIVERY_OPTIONS = [
  {
    name: "HoldExpensive",
    code: "c",
    type: "flag",
    initial: false,
    meaning: "mailers with F=e only deliver from the queue",
  },
  {
    name: "DeliveryMode",
    code: "d",
    type: "text",
    initial: "background",
    safe: true,
    range: ["background", "interactive", "queue", "deferred"],
    check: deliveryMode,
    meaning: "background, interactive, queue or deferred (first letter)",
  },
  {
    name: "ConnectionCacheSize",
    code: "k",
    type: "number",
    initial: 1,
    meaning: "outgoing connections kept open",
  },
  {
    name: "ConnectionCacheTimeout",
    code: "K",
    type: "time",
    unit: "m",
    initial: "5m",
    meaning: "how long they are kept",
  },
  {
    name: "DontPruneRoutes",
    code: "R",
    type: "flag",
    initial: false,
    meaning: "source routes stay",
    notActedOn: NOT_YET,
  },
  {
    name: "FallbackMXhost",
    code: "V",
    type: "text",
    initial: "",
    meaning: "host after the last MX",
  },
  {
    name: "TryNullMXList",
    code: "w",
    type: "flag",
    initial: false,
    meaning: "as the best MX of a foreign host, try its address",
  },
  {
    name: "DialDelay",
    code: 0x87,
    type: "time",
    unit: "s",
    initial: "0",
    safe: true,
    meaning: "wait and try again when a connection fails at once",
    notActedOn: "for modems that dial on demand",
  },
  {
    name: "UnixFromLine",
    code: 0x91,
    type: "text",
    initial: "From $g $d",
    meaning: "From line of mailbox files",
  },
  {
    name: "HostStatusDirectory",
    code: 0x9b,
    type: "text",
    initial: "",
    path: "folder",
    meaning: "folder that remembers which hosts are down",
  },
  {
    name: "SingleThreadDelivery",
    code: 0x9c,
    type: "flag",
    initial: false,
    meaning: "one delivery to a host at a time",
  },
  {
    name: "ConnectOnlyTo",
    code: 0xa6,
    type: "text",
    initial: "",
    check: onlyAddress,
    meaning: "every outgoing connection goes to this address (for tests)",
  },
  {
    name: "FastSplit",
    code: 0xce,
    type: "number",
    initial: 1,
    meaning: "deliver without a look at MX records first",
    notActedOn: "messages are split without a look at MX records, and all parts are tried at once",
  },
  {
    name: "SoftBounce",
    code: 0xcf,
    type: "flag",
    initial: false,
    meaning: "permanent errors become temporary ones",
    notActedOn: NOT_YET,
    without: "what fails is returned at once",
  },
  {
    name: "FallbackSmartHost",
    code: 0xd5,
    type: "text",
    initial: "",
    meaning: "host when even the name is unknown",
  },
  {
    name: "HeloName",
    code: 0xd8,
    type: "text",
    initial: "",
    meaning: "our name in EHLO",
  },
] as const satisfies readonly OptionRow[];
