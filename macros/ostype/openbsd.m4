divert(-1)
dnl OSTYPE(`openbsd'): OpenBSD. Local delivery by mail.local.
dnl
dnl Example:
dnl   OSTYPE(`openbsd')
define(`ALIAS_FILE', `/etc/mail/aliases')
define(`STATUS_FILE', `/var/log/sendmail.st')
define(`confEBINDIR', `/usr/libexec')
ifdef(`LOCAL_MAILER_PATH', `', `FEATURE(`local_lmtp')')
