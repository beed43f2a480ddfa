dnl late.m4: values that count when the site file has not set them. They are set behind it, so that it sees them neither in
dnl ifdef nor in text.
_DEFIFNOT(`confFROM_HEADER', ``$?x$x <$g>$|$g$.'')dnl
_DEFIFNOT(`confMESSAGEID_HEADER', ``<$t.$i@$j>'')dnl
_DEFIFNOT(`confCF_VERSION', ``rulemail'')dnl
_DEFIFNOT(`confMAILER_NAME', ``MAILER-DAEMON'')dnl
_DEFIFNOT(`confSMTP_MAILER', ifdef(`_MAILER_smtp_', ``esmtp'', ``unknown''))dnl
_DEFIFNOT(`confRELAY_MAILER', ifdef(`_MAILER_smtp_', ``relay'', ``unknown''))dnl
_DEFIFNOT(`confLOCAL_MAILER', ``local'')dnl
_DEFIFNOT(`confUUCP_MAILER', ``uucp-old'')dnl
_DEFIFNOT(`confRCPTREJ_MSG', ``"550 Mailbox disabled for this recipient"'')dnl
_DEFIFNOT(`confTLS_PERM_ERR', `')dnl
_DEFIFNOT(`confCT_FILE', `MAIL_SETTINGS_DIR`'trusted-users')dnl
_DEFIFNOT(`confDEQUOTE_OPTS', `')dnl
_DEFIFNOT(`HELP_FILE', `MAIL_SETTINGS_DIR`'helpfile')dnl
_DEFIFNOT(`QUEUE_DIR', `/var/spool/mqueue')dnl
