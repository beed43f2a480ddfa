divert(-1)
dnl OSTYPE(`linux'): Linux distributions. Local delivery by procmail, as most of them do; define LOCAL_MAILER_PATH or use
dnl FEATURE(`local_lmtp') after this line for something else.
dnl
dnl Example:
dnl   OSTYPE(`linux')
define(`confEBINDIR', `/usr/sbin')
_DEFIFNOT(`FAX_MAILER_PATH', `/usr/bin/faxmail')
_DEFIFNOT(`CYRUS_MAILER_PATH', `/usr/sbin/cyrdeliver')
_DEFIFNOT(`PROCMAIL_MAILER_PATH', `/usr/bin/procmail')
ifdef(`LOCAL_MAILER_PATH', `', `FEATURE(`local_procmail')')
