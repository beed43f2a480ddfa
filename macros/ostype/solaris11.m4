divert(-1)
dnl OSTYPE(`solaris11'): Solaris 11 and later. Local delivery by mail.local.
dnl
dnl Example:
dnl   OSTYPE(`solaris11')
define(`confEBINDIR', `/usr/lib')
define(`confPID_FILE', `/var/run/sendmail.pid')
ifdef(`LOCAL_MAILER_PATH', `', `FEATURE(`local_lmtp')')
