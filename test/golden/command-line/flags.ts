/**
 * Every flag of the command line, with and without what it wants, right and wrong: asked of a genuine sendmail and of us
 * (test/peers/flags.test.ts, which records the genuine answers), and those that end before a message is read once more without
 * processes (test/unit/cli/flags.test.ts). What callers do with recipients, senders and headers: cases.ts.
 *
 * A row is a command line as a shell reads it; `joe` is an ordinary user, `stray` a uid without an account. The rows are asked
 * in their order beside one queue; a row sends "Subject: x", "", "body".
 */
export type FlagCaller = "root" | "joe" | "stray";

export interface FlagAnswer {
  readonly status: number;
  /** Lines of standard output and error, sorted, each once. */
  readonly said: readonly string[];
  /** To whom the message was delivered. */
  readonly delivered: readonly string[];
}

export interface FlagCase {
  readonly caller: FlagCaller;
  readonly line: string;
  /** What we answer otherwise on purpose. */
  readonly ours?: Partial<FlagAnswer>;
}

export const flagCases: FlagCase[] = [];

function add(caller: FlagCaller, line: string, ours?: Partial<FlagAnswer>): void {
  flagCases.push({ caller, line, ...(ours && { ours }) });
}

/**
 * The answer needs no process of ours: the call ends before it asks for a message, a server or a configuration. The genuine one
 * may say more (where it goes on until the end).
 */
export function endsEarly({ caller, ours }: FlagCase, { status, delivered }: FlagAnswer): boolean {
  return caller === "root" && ours === undefined && delivered.length === 0 && [64, 70, 73].includes(status);
}

const TO_JOE: Partial<FlagAnswer> = { status: 0, said: [], delivered: ["joe"] };
const NO_RIGHTS_LEFT = TO_JOE;

// ---- spelling: joined, apart, together, -- and - ---------------------------------------------------------------------------
for (const line of [
  "sendmail joe",
  "sendmail -i joe",
  "sendmail -imv joe",
  "sendmail -vFName -oi joe",
  "sendmail -F Name -f joe joe",
  "sendmail -fjoe -FName joe",
  "sendmail -- joe",
  "sendmail -z joe",
  "sendmail -E joe",
  "sendmail -J x joe",
  "sendmail -x joe",
  "sendmail -F",
  "sendmail -f",
  "sendmail",
  "sendmail -i",
]) {
  add("root", line);
}
// Who hears at once what is wrong needs no report.
for (const line of ["sendmail -i -- -joe", "sendmail -"]) add("root", line, { delivered: [] });
add("root", "sendmail joe -v", { delivered: ["joe"] });
add("root", "sendmail -D", { said: ["sendmail: option requires an argument -- D"] });
// One more dash is an end of the flags to the original.
add("root", "sendmail --version joe", { delivered: [], said: ["rulemail VERSION"] });
add("root", "sendmail --help", { status: 0, said: ["usage: sendmail"] });

// ---- -b, and the names that stand for it --------------------------------------------------------------------------------
for (const line of [
  "sendmail -bm joe",
  "sendmail -ba joe",
  "sendmail -bv joe ann",
  "sendmail -bv",
  "sendmail -bz joe",
  "sendmail -bx joe",
  "sendmail -b joe",
  "sendmail -b",
  "sendmail -bi",
  "newaliases",
  "newaliases -v",
  "sendmail -bh",
  "sendmail -bH",
  "hoststat",
  "hoststat -v",
  "purgestat",
  "mailq -z",
  "newaliases -z",
  "sendmail -v -bm joe",
]) {
  add("root", line);
}
add("root", "sendmail -I", { status: 0, said: ["/mnt/aliases: 0 aliases, longest 0 bytes, 0 bytes total"] });
add("root", "sendmail -bP", { said: ["Total requests: 0"] });
add("root", "mailq");
add("root", "mailq -v extra");

// ---- what a message carries ---------------------------------------------------------------------------------------------
for (const line of [
  "sendmail -B 7bit joe",
  "sendmail -B8BITMIME joe",
  "sendmail -G joe",
  "sendmail -L tag joe",
  "sendmail -h 3 joe",
  "sendmail -h -1 joe",
  "sendmail -h x joe",
  "sendmail -n joe",
  "sendmail -N never joe",
  "sendmail -N FAILURE,delay joe",
  "sendmail -N never,success joe",
  "sendmail -N bad joe",
  "sendmail -N joe",
  "sendmail -R hdrs joe",
  "sendmail -Rfull joe",
  "sendmail -R bad joe",
  "sendmail -V 'env+20id' joe",
  "sendmail -V 'bad+id' joe",
  "sendmail -V 'a b' joe",
  "sendmail -V a -V b joe",
  "sendmail -r joe joe",
  "sendmail -f joe -f ann joe",
  "sendmail -f joe -r ann joe",
  "sendmail -p UUCP:hub joe",
  "sendmail -p UUCP joe",
  "sendmail -MrBSMTP -Mshub joe",
  "sendmail -Mx joe",
  "sendmail -M{foo}bar joe",
  "sendmail -M joe",
  "sendmail -c -m -s joe",
  "sendmail -t joe",
]) {
  add("root", line);
}
add("root", "sendmail -B foo joe", { delivered: [] });
add("root", "sendmail -t", { status: 64 });
add("root", "sendmail -U joe", TO_JOE);
add("root", "sendmail -h 100 joe", { said: ["Too many hops 100 (25 max)"] });

// ---- options ------------------------------------------------------------------------------------------------------------
for (const line of [
  "sendmail -oem -oi -odi -om -oo joe",
  "sendmail -em joe",
  "sendmail -O DeliveryMode=i joe",
  "sendmail -O Timeout.queuereturn=1h joe",
  "sendmail -O MaxHopCount=1 joe",
  "sendmail -oZ3000 joe",
  "sendmail -O NoSuch=x joe",
  "sendmail -ONoSuch joe",
  "sendmail -o1 joe",
  "sendmail -O joe",
  "sendmail -O NoSuch=x -bv joe",
  "sendmail -odx joe",
  "sendmail -A m joe",
  "sendmail -Ac joe",
  "sendmail -Ax joe",
]) {
  add("root", line);
}

// ---- files of traffic and debugging -----------------------------------------------------------------------------------------
for (const line of [
  "sendmail -X /mnt/out.x joe",
  "sendmail -X /nonexistent/x joe",
  "sendmail -X '|cat' joe",
  "sendmail -D /mnt/out.d -d99.1 joe",
  "sendmail -d99.1 joe",
  "sendmail -dfoo joe",
  "sendmail -D /nonexistent/x joe",
  "sendmail -d99.1 -D /mnt/out.d joe",
]) {
  add("root", line);
}

// ---- queue runs -------------------------------------------------------------------------------------------------------------
for (const line of [
  "sendmail -q",
  "sendmail -qf",
  "sendmail -qIx -qRy -q!Sz",
  "sendmail -qX",
  "sendmail -q1z",
  "sendmail -qGnone",
  "sendmail -qL",
  "sendmail -Qreason",
  "sendmail -Q -qL",
  "sendmail -Q -bp",
  "sendmail -q1h -bv joe",
  "sendmail -bi -qf",
  "sendmail -qIx -bs",
  "sendmail -ba -q1h joe",
  "hoststat -qf",
  "mailq -qIx",
]) {
  add("root", line);
}

// ---- an ordinary user, and one whom nobody knows: what needs rights does not get them -----------------------------------------
for (const line of [
  "sendmail joe",
  "sendmail -f joe joe",
  "sendmail -p UUCP:hub joe",
  "sendmail -Mrfoo joe",
  "sendmail -O PrivacyOptions=goaway joe",
  "sendmail -O LogLevel=14 joe",
  "sendmail -X /etc/x joe",
  "sendmail -D /etc/x joe",
  "sendmail -bv joe",
  "sendmail -bi",
]) {
  add("joe", line);
}
// Where the original gives its rights up, and then cannot go on.
for (const line of [
  "sendmail -C /etc/mail/sendmail.cf joe",
  "sendmail -O MaxHopCount=1 joe",
  "sendmail -O SafeFileEnvironment=/ joe",
  "sendmail -M{foo}bar joe",
  "sendmail -X /mnt/joe/x joe",
]) {
  add("joe", line, NO_RIGHTS_LEFT);
}
// "Who are you?", 70: a container may have no account for its user.
add("stray", "sendmail joe", TO_JOE);
add("stray", "sendmail -f joe joe", TO_JOE);
add("stray", "sendmail -bv joe", { status: 0, said: ["joe... deliverable: mailer local, user joe"] });
