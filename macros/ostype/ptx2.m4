divert(-1)
dnl OSTYPE(`ptx2'): a system of the past; its paths are known, but nobody has tried them for long.
dnl
dnl Example:
dnl   OSTYPE(`ptx2')
_WARNING_(`OSTYPE(ptx2) is a system of the past: nobody has tried its paths for long')
define(`confEBINDIR', `/usr/lib')
_DEFIFNOT(`QUEUE_DIR', `/usr/spool/mqueue')
define(`LOCAL_SHELL_FLAGS', `eu')
_DEFIFNOT(`LOCAL_MAILER_FLAGS', `fmn9')
define(`LOCAL_MAILER_PATH', `/bin/mail')
