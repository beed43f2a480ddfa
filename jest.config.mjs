// Tests read src/ directly: Node loads the files and strips their types itself, nothing is compiled.
export default {
  globalSetup: "<rootDir>/test/support/warm-start.mjs",
  runtime: "<rootDir>/test/support/native-runtime.mjs",
  testEnvironment: "<rootDir>/test/support/native-environment.mjs",
  setupFilesAfterEnv: ["<rootDir>/test/support/close-after-each.mjs"],
  transform: {},
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
