/**
 * Scenarios first: each takes seconds, most of them waiting for processes. At the end of a run they would keep one core and leave
 * the other idle. Otherwise the order is jest's own (what took longest the last time, else the largest file).
 */
import { createRequire } from "node:module";

// It comes with jest.
const { default: Sequencer } = createRequire(import.meta.url)("@jest/test-sequencer");

const isSlow = ({ path }) => /\/test\/(?:scenario|peers)\//.test(path);

export default class SlowFirst extends Sequencer {
  sort(tests) {
    // oxlint-disable-next-line unicorn/no-array-sort -- not an array's: the order that jest gives to a list of files
    const sorted = super.sort(tests);
    return [...sorted.filter(isSlow), ...sorted.filter((each) => !isSlow(each))];
  }
}
