divert(-1)
dnl OSTYPE(`freebsd5'): FreeBSD 5 and later. Local delivery by mail.local.
dnl
dnl Example:
dnl   OSTYPE(`freebsd5')
define(`ALIAS_FILE', `/etc/mail/aliases')
define(`STATUS_FILE', `/var/log/sendmail.st')
define(`confEBINDIR', `/usr/libexec')
ifdef(`LOCAL_MAILER_PATH', `', `FEATURE(`local_lmtp')')
