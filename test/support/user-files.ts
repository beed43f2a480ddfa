/** Files of users, read by this process. */
import { filesOf, READ_TASK, readTask, type UserFiles } from "../../src/routing/user-files.ts";
import { InProcessWorkers } from "../../src/rights/task.ts";

export const ownFiles: UserFiles = filesOf(new InProcessWorkers(new Map([[READ_TASK, readTask]])));
