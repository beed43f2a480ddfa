divert(-1)
dnl OSTYPE(`dynix3.2'): a system of the past; its paths are known, but nobody has tried them for long.
dnl
dnl Example:
dnl   OSTYPE(`dynix3.2')
_WARNING_(`OSTYPE(dynix3.2) is a system of the past: nobody has tried its paths for long')
define(`confEBINDIR', `/usr/lib')
_DEFIFNOT(`QUEUE_DIR', `/usr/spool/mqueue')
