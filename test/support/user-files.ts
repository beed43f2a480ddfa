/** Files of users, read by this process. */
import { filesOf, type UserFiles } from "../../src/routing/user-files.ts";
import { InProcessWorkers } from "./in-process-workers.ts";

export const ownFiles: UserFiles = filesOf(new InProcessWorkers());
