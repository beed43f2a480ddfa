/** The third program of the bundle: the thread of the SMTP sessions. */
import { beSessionThread } from "./daemon/sessions/thread.ts";

beSessionThread();
