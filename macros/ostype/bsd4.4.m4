divert(-1)
dnl OSTYPE(`bsd4.4'): systems made from 4.4BSD. Local delivery by mail.local.
dnl
dnl Example:
dnl   OSTYPE(`bsd4.4')
define(`ALIAS_FILE', `/etc/mail/aliases')
define(`STATUS_FILE', `/var/log/sendmail.st')
define(`confEBINDIR', `/usr/libexec')
ifdef(`LOCAL_MAILER_PATH', `', `FEATURE(`local_lmtp')')
