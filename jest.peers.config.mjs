// Tests with foreign programs (`npm run test:peers`): they take longer, and wait for processes that are not ours.
import base from "./jest.config.mjs";

export default {
  ...base,
  testMatch: ["<rootDir>/test/peers/*.test.ts"],
  testPathIgnorePatterns: ["/node_modules/"],
  testTimeout: 120000,
};
