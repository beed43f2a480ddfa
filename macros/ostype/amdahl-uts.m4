divert(-1)
dnl OSTYPE(`amdahl-uts'): a system of the past; its paths are known, but nobody has tried them for long.
dnl
dnl Example:
dnl   OSTYPE(`amdahl-uts')
_WARNING_(`OSTYPE(amdahl-uts) is a system of the past: nobody has tried its paths for long')
define(`confEBINDIR', `/usr/lib')
_DEFIFNOT(`LOCAL_MAILER_FLAGS', `fSn9')
