divert(-1)
dnl OSTYPE(`bsd4.4'): systems made from 4.4BSD. Local delivery by mail.local.
dnl
dnl Example:
dnl   OSTYPE(`bsd4.4')
_DEFIFNOT(`STATUS_FILE', `/var/log/ifdef(`_MSP_', `sm-client', `sendmail').st')
_DEFIFNOT(`UUCP_MAILER_ARGS', `uux - -r -z -a$g $h!rmail ($u)')
_DEFIFNOT(`LOCAL_MAILER_PATH', `/usr/libexec/mail.local')
