divert(-1)
dnl OSTYPE(`powerux'): a system of the past; its paths are known, but nobody has tried them for long.
dnl
dnl Example:
dnl   OSTYPE(`powerux')
_WARNING_(`OSTYPE(powerux) is a system of the past: nobody has tried its paths for long')
define(`confEBINDIR', `/usr/local/lib')
define(`LOCAL_SHELL_FLAGS', `ehuP')
define(`UUCP_MAILER_ARGS', `uux - -r -a$g -gmedium $h!rmail ($u)')
define(`LOCAL_MAILER_PATH', `/usr/bin/rmail')
_DEFIFNOT(`LOCAL_MAILER_FLAGS', `mn9')
define(`LOCAL_MAILER_ARGS', `rmail $u')
