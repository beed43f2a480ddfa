/** "@jest/globals" for test files (native-runtime.mjs). */
import { jestGlobals } from "./native-runtime.mjs";

export const { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest, test } = jestGlobals;
