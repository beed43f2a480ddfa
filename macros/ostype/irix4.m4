divert(-1)
dnl OSTYPE(`irix4'): a system of the past; its paths are known, but nobody has tried them for long.
dnl
dnl Example:
dnl   OSTYPE(`irix4')
_WARNING_(`OSTYPE(irix4) is a system of the past: nobody has tried its paths for long')
define(`confEBINDIR', `/usr/lib')
_DEFIFNOT(`QUEUE_DIR', `/usr/spool/mqueue')
_DEFIFNOT(`LOCAL_MAILER_FLAGS', `Ehm9')
