divert(-1)
dnl OSTYPE(`dgux'): a system of the past; its paths are known, but nobody has tried them for long.
dnl
dnl Example:
dnl   OSTYPE(`dgux')
_WARNING_(`OSTYPE(dgux) is a system of the past: nobody has tried its paths for long')
define(`confEBINDIR', `/usr/lib')
define(`confTIME_ZONE', `USE_TZ')
_DEFIFNOT(`LOCAL_MAILER_FLAGS', `m9')
