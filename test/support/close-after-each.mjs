/** For each test file: after each test what it has opened is closed. */
import { afterEach } from "@jest/globals";
import { closeAll } from "./closing.ts";

afterEach(closeAll);
