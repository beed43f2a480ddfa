dnl site-checks.m4: what a site file should not leave out, and names that have gone.
dnl __OSTYPE__: how a site says that it does without (stock submit.mc).
ifdef(`_OSTYPE_', `', `ifdef(`__OSTYPE__', `', `_WARNING_(`no OSTYPE() line: paths are those of no system in particular')')')dnl
ifdef(`_SPAM_FRIEND_', `ifdef(`_ACCESS_TABLE_', `', `_ERROR_(`FEATURE(delay_checks) with friend or hater needs FEATURE(access_db)')')')dnl
dnl There must be a local mailer: the server does not start without one.
MAILER(`local')dnl
ifdef(`_MAILER_smtp_', `', `_WARNING_(`no MAILER(smtp) line: mail for other hosts cannot be sent')')dnl
define(`_GONE_', `ifdef(`$1', `_WARNING_(`$1 does nothing any more: $2')')')dnl
define(`_OLD_', `ifdef(`$1', `_WARNING_(`$1 is an old name: $2')')')dnl
_GONE_(`confAUTO_REBUILD', `run newaliases after changing aliases')dnl
_OLD_(`confDAEMON_OPTIONS', `write DAEMON_OPTIONS() lines')dnl
_OLD_(`confCLIENT_OPTIONS', `write CLIENT_OPTIONS() lines')dnl
_GONE_(`confDEF_GROUP_ID', `write both into confDEF_USER_ID as user:group')dnl
_OLD_(`confMESSAGE_TIMEOUT', `use confTO_QUEUERETURN and confTO_QUEUEWARN')dnl
_GONE_(`confREAD_TIMEOUT', `use the confTO_ variables')dnl
