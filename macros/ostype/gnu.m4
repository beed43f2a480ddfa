divert(-1)
dnl OSTYPE(`gnu'): GNU/Hurd. Local delivery by mail.local.
dnl
dnl Example:
dnl   OSTYPE(`gnu')
define(`confEBINDIR', `/libexec')
ifdef(`LOCAL_MAILER_PATH', `', `FEATURE(`local_lmtp')')
