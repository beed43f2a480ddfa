/** The third program of the bundle: the thread of the SMTP sessions. */
import { enableCompileCache } from "node:module";
import { join } from "node:path";
import { beSessionThread } from "./daemon/sessions/thread.ts";

// As for the program itself: where only its owner can put any.
enableCompileCache(join(import.meta.dirname, ".cache"));
beSessionThread();
