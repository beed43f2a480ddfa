/** iprev (RFC 8601 §2.7.3): does the name that the client's address has lead back to it? Said by what greeted the client. */

export interface IprevResult {
  readonly result: "pass" | "fail" | "temperror" | "permerror";
  /** The client's IP address. */
  readonly address: string;
  /** The name that its PTR record has; absent: none. */
  readonly name?: string;
}

/**
 * @param resolve {client_resolve}: OK, FAIL (no name), FORGED (a name that does not lead back), TEMP
 * @param pointer {client_ptr}; in brackets when there is no name
 */
export function iprevOf(address: string, resolve: string, pointer: string): IprevResult {
  const name = pointer === "" || pointer.startsWith("[") ? {} : { name: pointer };
  switch (resolve) {
    case "OK":
      return { result: "pass", address, ...name };
    case "TEMP":
      return { result: "temperror", address, ...name };
    case "FORGED":
      return { result: "fail", address, ...name };
    default:
      return { result: "permerror", address };
  }
}
