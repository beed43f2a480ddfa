import type { Plugin } from "esbuild";

export const dns2Codec: Plugin;
