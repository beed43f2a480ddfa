/** Of dns2 only the codec is used (src/dns/packet-codec.ts): without its clients and servers, a start loads no HTTP and no more. */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const codec = join(dirname(createRequire(import.meta.url).resolve("dns2")), "packet.js");

/** A plugin of esbuild. */
export const dns2Codec = {
  name: "dns2-codec",
  setup(build) {
    build.onResolve({ filter: /^dns2$/ }, () => ({ path: "dns2", namespace: "codec" }));
    build.onLoad({ filter: /.*/, namespace: "codec" }, () => ({
      contents: `export { default as Packet } from ${JSON.stringify(codec)};`,
      resolveDir: dirname(codec),
    }));
  },
};
