divert(-1)
dnl FEATURE(`local_lmtp', `path', `arguments'): local delivery by a program that speaks LMTP.
dnl
dnl Arguments: its path, default /usr/libexec/mail.local; its command line, default `mail.local -l'.
dnl
dnl Example:
dnl   FEATURE(`local_lmtp', `/usr/lib/dovecot/deliver-lmtp')
define(`LOCAL_MAILER_PATH', ifelse(defn(`_ARG_'), `', `_OR_(`confEBINDIR', `/usr/libexec')`/mail.local'', `defn(`_ARG_')'))
define(`LOCAL_MAILER_FLAGS', `PSXmnz9')
define(`LOCAL_MAILER_ARGS', ifelse(defn(`_ARG2_'), `', `mail.local -l', `defn(`_ARG2_')'))
define(`_LOCAL_LMTP_', `1')
define(`LOCAL_MAILER_DSN_DIAGNOSTIC_CODE', `SMTP')
