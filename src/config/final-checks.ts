/** What sendmail says about a configuration when its last line is read: settings that do not go together, its version. */
import type { ConfigMessages } from "../cf/messages.ts";
import { EX } from "../sys/sysexits.ts";
import type { OptionValues } from "./option-values.ts";
import { LANGUAGE_LEVEL, LANGUAGE_VERSION } from "./version.ts";

/** @param level of the V line, 0 without one */
export function checkWhole(level: number, values: OptionValues, messages: ConfigMessages): void {
  if (/^i/i.test(values.text("SuperSafe")) && !values.text("DeliveryMode").startsWith("i")) {
    messages.warn("WARNING: SuperSafe=interactive should only be used with");
    messages.warnMore("         DeliveryMode=interactive");
  }
  const database = values.text("MailboxDatabase");
  if (!/^(?:pw|ldap)$|^passwd:/.test(database)) {
    messages.warn(`Can't initialize mailbox database "${database}": Service unavailable`);
    messages.endWith(EX.UNAVAILABLE);
    values.set("MailboxDatabase", "pw");
  }
  // Groups came with level 6.
  if (level < 6 && !values.isSet("ColonOkInAddr")) values.set("ColonOkInAddr", "true");
  if (level > LANGUAGE_LEVEL) {
    messages.warn(
      `Warning: .cf version level (${level}) exceeds sendmail version ${LANGUAGE_VERSION} functionality (${LANGUAGE_LEVEL})`,
      { exit: EX.SOFTWARE },
    );
  }
  if (values.text("HostStatusDirectory") !== "" && values.number("ConnectionCacheSize") <= 0) {
    messages.warn("Warning: HostStatusDirectory disabled with ConnectionCacheSize = 0");
    values.set("HostStatusDirectory", "");
  }
  const dependent = "SingleThreadDelivery";
  if (values.isSet(dependent) && values.flag(dependent) && values.text("HostStatusDirectory") === "") {
    messages.warn(`Warning: HostStatusDirectory required for ${dependent}`);
  }
  if (level < LANGUAGE_LEVEL) {
    messages.warn(
      `Warning: .cf file is out of date: sendmail ${LANGUAGE_VERSION} supports version ${LANGUAGE_LEVEL}, .cf file is version ${level}`,
    );
  }
}
