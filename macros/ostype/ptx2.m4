divert(-1)
dnl OSTYPE(`ptx2'): a system of the past; its paths are known, but nobody has tried them for long.
dnl
dnl Example:
dnl   OSTYPE(`ptx2')
_WARNING_(`OSTYPE(ptx2) is a system of the past: nobody has tried its paths for long')
define(`confEBINDIR', `/usr/lib')
define(`QUEUE_DIR', `/usr/spool/mqueue')
_DEFIFNOT(`LOCAL_SHELL_FLAGS', `ue')
_DEFIFNOT(`LOCAL_MAILER_FLAGS', `mfn9')
