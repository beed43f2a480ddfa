/**
 * The world of tests is that of their process (native-runtime.mjs). What a file, or jest for its sake, changes of the process
 * is put back when the file has ended.
 */
export default class NativeEnvironment {
  global = globalThis;
  fakeTimers = null;
  fakeTimersModern = null;
  #before = {
    console: globalThis.console,
    env: process.env,
    variables: { ...process.env },
    exit: process.exit,
    exitCode: process.exitCode,
    umask: process.umask(),
    folder: process.cwd(),
  };

  setup() {}

  teardown() {
    const { console, env, variables, exit, exitCode, umask, folder } = this.#before;
    globalThis.console = console;
    process.env = env;
    for (const name of Object.keys(env)) if (!(name in variables)) delete env[name];
    Object.assign(env, variables);
    process.exit = exit;
    process.exitCode = exitCode;
    process.umask(umask);
    process.chdir(folder);
  }

  exportConditions() {
    return ["node", "node-addons"];
  }

  /** Only whether there is such a method is asked. */
  getVmContext() {
    return null;
  }
}
