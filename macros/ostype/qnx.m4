divert(-1)
dnl OSTYPE(`qnx'): a system of the past; its paths are known, but nobody has tried them for long.
dnl
dnl Example:
dnl   OSTYPE(`qnx')
_WARNING_(`OSTYPE(qnx) is a system of the past: nobody has tried its paths for long')
define(`QUEUE_DIR', `/usr/spool/mqueue')
define(`UUCP_MAILER_ARGS', `uux - -r -z -a$f $h!rmail ($u)')
define(`LOCAL_MAILER_PATH', `/usr/bin/mailx')
_DEFIFNOT(`LOCAL_MAILER_FLAGS', `Sh')
define(`LOCAL_MAILER_ARGS', `mail $u')
