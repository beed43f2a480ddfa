divert(-1)
dnl OSTYPE(`nextstep'): a system of the past; its paths are known, but nobody has tried them for long.
dnl
dnl Example:
dnl   OSTYPE(`nextstep')
_WARNING_(`OSTYPE(nextstep) is a system of the past: nobody has tried its paths for long')
define(`confEBINDIR', `/usr/lib')
_DEFIFNOT(`QUEUE_DIR', `/usr/spool/mqueue')
_DEFIFNOT(`LOCAL_SHELL_FLAGS', `euP')
_DEFIFNOT(`UUCP_MAILER_PATH', `/usr/bin/uux')
