divert(-1)
dnl OSTYPE(`netbsd'): NetBSD. Local delivery by mail.local.
dnl
dnl Example:
dnl   OSTYPE(`netbsd')
define(`ALIAS_FILE', `/etc/mail/aliases')
define(`STATUS_FILE', `/var/log/sendmail.st')
define(`confEBINDIR', `/usr/libexec')
ifdef(`LOCAL_MAILER_PATH', `', `FEATURE(`local_lmtp')')
