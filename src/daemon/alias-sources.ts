/** The databases that AliasFile names, ready to be asked (routing/aliases.ts knows only what they answer). */
import type { Config } from "../config/config.ts";
import { openAliasSource } from "../maps/alias-source.ts";
import type { AliasSource } from "../routing/aliases.ts";
import type { MailboxDatabase } from "../sys/users.ts";
import type { Surroundings } from "./configuration.ts";
