divert(-1)
dnl OSTYPE(`domainos'): a system of the past; its paths are known, but nobody has tried them for long.
dnl
dnl Example:
dnl   OSTYPE(`domainos')
_WARNING_(`OSTYPE(domainos) is a system of the past: nobody has tried its paths for long')
define(`confEBINDIR', `/usr/lib')
_DEFIFNOT(`QUEUE_DIR', `/usr/spool/mqueue')
