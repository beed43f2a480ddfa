divert(-1)
dnl OSTYPE(`uxpds'): a system of the past; its paths are known, but nobody has tried them for long.
dnl
dnl Example:
dnl   OSTYPE(`uxpds')
_WARNING_(`OSTYPE(uxpds) is a system of the past: nobody has tried its paths for long')
define(`confEBINDIR', `/usr/ucblib')
define(`LOCAL_SHELL_FLAGS', `ehuP')
define(`UUCP_MAILER_ARGS', `uux - -r -a$f -gmedium $h!rmail ($u)')
define(`LOCAL_MAILER_PATH', `/usr/ucblib/binmail')
define(`confDEF_GROUP_ID', `6')
