divert(-1)
dnl OSTYPE(`bsdi2.0'): a system of the past; its paths are known, but nobody has tried them for long.
dnl
dnl Example:
dnl   OSTYPE(`bsdi2.0')
_WARNING_(`OSTYPE(bsdi2.0) is a system of the past: nobody has tried its paths for long')
_DEFIFNOT(`STATUS_FILE', `/var/log/ifdef(`_MSP_', `sm-client', `sendmail').st')
_DEFIFNOT(`UUCP_MAILER_ARGS', `uux - -r -z -a$g $h!rmail ($u)')
_DEFIFNOT(`LOCAL_MAILER_PATH', `/usr/libexec/mail.local')
