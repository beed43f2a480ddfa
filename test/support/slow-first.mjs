/**
 * Scenarios first: each takes seconds, most of them waiting for processes. At the end of a run they would keep one core and leave
 * the other idle. Otherwise the order is jest's own (what took longest the last time, else the largest file).
 */
import { createRequire } from "node:module";

// It comes with jest.
const { default: Sequencer } = createRequire(import.meta.url)("@jest/test-sequencer");

/** Peers that take half a minute and more; some are small files, which would come last. */
const LONGEST = ["one-file", "reports", "command-line", "genuine-cf", "setup", "site-files-fuzz"];
const rank = ({ path }) => {
  const name = /\/test\/peers\/([^/]+)\.test\.ts$/.exec(path)?.[1];
  const at = LONGEST.indexOf(name);
  return at < 0 ? LONGEST.length : at;
};

const isSlow = ({ path }) => /\/test\/(?:scenario|peers)\//.test(path);

export default class SlowFirst extends Sequencer {
  sort(tests) {
    // oxlint-disable-next-line unicorn/no-array-sort -- not an array's: the order that jest gives to a list of files
    const sorted = super.sort(tests);
    const first = sorted.filter(isSlow).toSorted((one, other) => rank(one) - rank(other));
    return [...first, ...sorted.filter((each) => !isSlow(each))];
  }
}
