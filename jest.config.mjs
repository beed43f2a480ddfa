// Tests read src/ directly: types are stripped by Node itself, nothing is compiled.
export default {
  testEnvironment: "node",
  extensionsToTreatAsEsm: [".ts"],
  transform: { "\\.ts$": "<rootDir>/test/support/strip-types.mjs" },
  testMatch: ["<rootDir>/test/**/*.test.ts"],
  testPathIgnorePatterns: ["/node_modules/", "<rootDir>/test/peers/"],
  modulePathIgnorePatterns: ["<rootDir>/dist/", "<rootDir>/var/"],
  reporters: ["default", "<rootDir>/test/support/count-reporter.mjs"],
  testTimeout: 30000,
};
