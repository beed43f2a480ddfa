divert(-1)
dnl OSTYPE(`gnu'): GNU/Hurd. Local delivery by mail.local.
dnl
dnl Example:
dnl   OSTYPE(`gnu')
define(`confEBINDIR', `/libexec')
_DEFIFNOT(`STATUS_FILE', `/var/log/ifdef(`_MSP_', `sm-client', `sendmail').st')
_DEFIFNOT(`LOCAL_MAILER_PATH', `/libexec/mail.local')
_DEFIFNOT(`LOCAL_MAILER_ARGS', `mail $u')
