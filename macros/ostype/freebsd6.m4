divert(-1)
dnl OSTYPE(`freebsd6'): FreeBSD 6 and later. Local delivery by mail.local.
dnl
dnl Example:
dnl   OSTYPE(`freebsd6')
_DEFIFNOT(`STATUS_FILE', `/var/log/ifdef(`_MSP_', `sm-client', `sendmail').st')
_DEFIFNOT(`UUCP_MAILER_PATH', `/usr/local/bin/uux')
_DEFIFNOT(`UUCP_MAILER_ARGS', `uux - -r -z -a$g $h!rmail ($u)')
_DEFIFNOT(`LOCAL_MAILER_PATH', `/usr/libexec/mail.local')
MODIFY_MAILER_FLAGS(`LOCAL', `+S')
_DEFIFNOT(`LOCAL_MAILER_ARGS', `mail $u')
