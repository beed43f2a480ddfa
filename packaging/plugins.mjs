/** What all bundles have in common: plugins of esbuild that keep starts short. */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const codec = join(dirname(createRequire(import.meta.url).resolve("dns2")), "packet.js");

/** Of dns2 only the codec is used (src/dns/packet-codec.ts): its clients and servers are left out. */
const dns2Codec = {
  name: "dns2-codec",
  setup(build) {
    build.onResolve({ filter: /^dns2$/ }, () => ({ path: "dns2", namespace: "codec" }));
    build.onLoad({ filter: /.*/, namespace: "codec" }, () => ({
      contents: `export { default as Packet } from ${JSON.stringify(codec)};`,
      resolveDir: dirname(codec),
    }));
  },
};

/**
 * Parts of Node that take long to load (http with what stands behind it 70 ms, tls 25) are fetched when something of them is
 * used: most starts use none of them, and packages import them for what is never asked of them.
 */
const builtinsWhenUsed = {
  name: "builtins-when-used",
  setup(build) {
    build.onResolve(
      { filter: /^(?:node:)?(?:child_process|crypto|dgram|dns|fs\/promises|https?|http2|readline|tls|tty|zlib)$/ },
      ({ path, kind }) =>
        kind === "entry-point" ? undefined : { path: path.replace("node:", ""), namespace: "builtins-when-used" },
    );
    // What has been asked for once is a property of whoever asked: only the first use goes through the proxy.
    build.onLoad({ filter: /./, namespace: "builtins-when-used" }, ({ path }) => ({
      contents: `const get = (_target, key, holder) => {
  const value = process.getBuiltinModule("node:${path}")[key];
  Object.defineProperty(holder, key, { value });
  return value;
};
module.exports = Object.create(new Proxy({}, { get }));`,
    }));
  },
};

export const plugins = [dns2Codec, builtinsWhenUsed];
