divert(-1)
dnl OSTYPE(`linux'): Linux distributions. Local delivery by procmail, as most of them do; define LOCAL_MAILER_PATH or use
dnl FEATURE(`local_lmtp') after this line for something else.
dnl
dnl Example:
dnl   OSTYPE(`linux')
define(`confEBINDIR', `/usr/sbin')
define(`PROCMAIL_MAILER_PATH', `/usr/bin/procmail')
FEATURE(`local_procmail')
