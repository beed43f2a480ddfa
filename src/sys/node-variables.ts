/**
 * Variables of the environment that change what Node does, whatever program it runs: folders to read code from, authorities to
 * trust, certificates not to look at, files to write to. Whoever calls a mail program is not asked about those.
 */

/** Node reads all that begin so, but for the first: that one is for programs. OpenSSL's: files of its own code. */
const OF_NODE = /^(?:NODE_(?!ENV$)|OPENSSL_)/;
/** Node's own debug output goes by names; ours is the only one that says nothing of Node. */
const OUR_DEBUG = "rulemail";

/**
 * @returns the environment without them; undefined when there are none in it. `NODE_DEBUG=rulemail`, by which this program tells
 * more of an error, stays.
 */
export function withoutNodeVariables(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv | undefined {
  const { NODE_DEBUG: debug } = environment;
  const wanted = debug?.split(",").includes(OUR_DEBUG) === true ? OUR_DEBUG : undefined;
  const strange = Object.keys(environment).filter((name) => OF_NODE.test(name));
  if (strange.every((name) => name === "NODE_DEBUG" && debug === wanted)) return undefined;
  const clean = Object.entries(environment).filter(([name]) => !strange.includes(name));
  return { ...Object.fromEntries(clean), ...(wanted === undefined ? {} : { NODE_DEBUG: wanted }) };
}
