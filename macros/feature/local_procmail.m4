divert(-1)
dnl FEATURE(`local_procmail', `path', `arguments', `flags'): procmail delivers to local users.
dnl
dnl Arguments: path of the program, default PROCMAIL_MAILER_PATH or /usr/local/bin/procmail; its command line, default
dnl `procmail -Y -a $h -d $u'; mailer flags, default `SPfhn9'.
dnl
dnl Example:
dnl   FEATURE(`local_procmail')

dnl What local_lmtp may have set in front of it does not count.
undefine(`_LOCAL_LMTP_')
undefine(`LOCAL_MAILER_DSN_DIAGNOSTIC_CODE')
define(`LOCAL_MAILER_PATH', ifelse(defn(`_ARG_'), `', `_OR_(`PROCMAIL_MAILER_PATH', `/usr/local/bin/procmail')', `defn(`_ARG_')'))
define(`LOCAL_MAILER_ARGS', ifelse(defn(`_ARG2_'), `', ``procmail -a $h -d $u'', `defn(`_ARG2_')'))
define(`LOCAL_MAILER_FLAGS', ifelse(defn(`_ARG3_'), `', ``SPfhn9'', `defn(`_ARG3_')'))
