divert(-1)
dnl OSTYPE(`sunos3.5'): a system of the past; its paths are known, but nobody has tried them for long.
dnl
dnl Example:
dnl   OSTYPE(`sunos3.5')
_WARNING_(`OSTYPE(sunos3.5) is a system of the past: nobody has tried its paths for long')
define(`confEBINDIR', `/usr/lib')
