/** Users as mailers get them that want no quoting: F=s takes all of it away, F=B a backslash in front. */
import type { Job } from "./agent.ts";

/**
 * The job with the users of its recipients bare, when its mailer asks for that. Programs and files (mailers prog and
 * *file*) keep theirs: the quotes that aliases put around them are gone already, what is left belongs to the shell.
 */
export function withBareUsers(job: Job): Job {
  const { flags, name } = job.mailer;
  const all = flags.has("s");
  if ((!all && !flags.has("B")) || name === "prog" || name === "*file*") return job;
  const recipients = job.recipients.map((each) => {
    const { user } = each.triple;
    const bare = all ? unquoted(user) : user.replace(/^\\/, "");
    // Nothing is left of `""`: who that is cannot be said without its quotes.
    return bare === user || bare === "" ? each : { ...each, triple: { ...each.triple, user: bare } };
  });
  return { ...job, recipients };
}

/** `"a\"b" \c` → `a"b c` */
function unquoted(text: string): string {
  return text.replace(/\\([^])|["\\]/g, "$1");
}
