divert(-1)
dnl OSTYPE(`sco-uw-2.1'): a system of the past; its paths are known, but nobody has tried them for long.
dnl
dnl Example:
dnl   OSTYPE(`sco-uw-2.1')
_WARNING_(`OSTYPE(sco-uw-2.1) is a system of the past: nobody has tried its paths for long')
define(`confEBINDIR', `/usr/lib')
define(`confTIME_ZONE', `USE_TZ')
define(`LOCAL_SHELL_FLAGS', `ehuP')
define(`UUCP_MAILER_ARGS', `uux - -r -a$g -gmedium $h!rmail ($u)')
define(`LOCAL_MAILER_PATH', `/usr/bin/rmail')
_DEFIFNOT(`LOCAL_MAILER_FLAGS', `fhCEn9')
define(`LOCAL_MAILER_ARGS', `rmail $u')
