divert(-1)
dnl OSTYPE(`freebsd4'): FreeBSD 4 and later. Local delivery by mail.local.
dnl
dnl Example:
dnl   OSTYPE(`freebsd4')
define(`ALIAS_FILE', `/etc/mail/aliases')
define(`STATUS_FILE', `/var/log/sendmail.st')
define(`confEBINDIR', `/usr/libexec')
ifdef(`LOCAL_MAILER_PATH', `', `FEATURE(`local_lmtp')')
