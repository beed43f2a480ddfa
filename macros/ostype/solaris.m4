divert(-1)
dnl OSTYPE(`solaris'): Solaris. Local delivery by mail.local.
dnl
dnl Example:
dnl   OSTYPE(`solaris')
define(`confEBINDIR', `/usr/lib')
define(`confPID_FILE', `/var/run/sendmail.pid')
ifdef(`LOCAL_MAILER_PATH', `', `FEATURE(`local_lmtp')')
