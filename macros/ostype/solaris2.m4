divert(-1)
dnl OSTYPE(`solaris2'): Solaris 2. Local delivery by mail.local.
dnl
dnl Example:
dnl   OSTYPE(`solaris2')
define(`confEBINDIR', `/usr/lib')
define(`confPID_FILE', `/var/run/sendmail.pid')
ifdef(`LOCAL_MAILER_PATH', `', `FEATURE(`local_lmtp')')
