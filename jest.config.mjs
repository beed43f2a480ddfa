// Tests read src/ directly: types are stripped by Node itself, nothing is compiled.
export default {
  globalSetup: "<rootDir>/test/support/warm-start.mjs",
  testEnvironment: "node",
  extensionsToTreatAsEsm: [".ts"],
  transform: { "\\.ts$": "<rootDir>/test/support/strip-types.mjs" },
  testMatch: ["<rootDir>/test/**/*.test.ts"],
  testPathIgnorePatterns: ["/node_modules/", "<rootDir>/test/peers/"],
  modulePathIgnorePatterns: ["<rootDir>/dist/", "<rootDir>/var/"],
  reporters: ["default", "<rootDir>/test/support/count-reporter.mjs"],
  // Longer than a wait in a test has (30 s): it says what did not happen.
  testTimeout: 60000,
  testSequencer: "<rootDir>/test/support/slow-first.mjs",
  // Many tests wait for processes, and timers, most of the time: two would leave a core idle for a sixth of the run.
  maxWorkers: 3,
};
