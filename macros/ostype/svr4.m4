divert(-1)
dnl OSTYPE(`svr4'): a system of the past; its paths are known, but nobody has tried them for long.
dnl
dnl Example:
dnl   OSTYPE(`svr4')
_WARNING_(`OSTYPE(svr4) is a system of the past: nobody has tried its paths for long')
define(`confEBINDIR', `/usr/ucblib')
define(`LOCAL_SHELL_FLAGS', `ehuP')
define(`UUCP_MAILER_ARGS', `uux - -r -a$g -gmedium $h!rmail ($u)')
define(`LOCAL_MAILER_PATH', `/usr/ucblib/binmail')
