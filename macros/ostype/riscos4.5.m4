divert(-1)
dnl OSTYPE(`riscos4.5'): a system of the past; its paths are known, but nobody has tried them for long.
dnl
dnl Example:
dnl   OSTYPE(`riscos4.5')
_WARNING_(`OSTYPE(riscos4.5) is a system of the past: nobody has tried its paths for long')
define(`confEBINDIR', `/usr/lib')
_DEFIFNOT(`QUEUE_DIR', `/usr/spool/mqueue')
_DEFIFNOT(`LOCAL_MAILER_ARGS', `rmail -d $u')
