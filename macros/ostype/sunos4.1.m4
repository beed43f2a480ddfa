divert(-1)
dnl OSTYPE(`sunos4.1'): a system of the past; its paths are known, but nobody has tried them for long.
dnl
dnl Example:
dnl   OSTYPE(`sunos4.1')
_WARNING_(`OSTYPE(sunos4.1) is a system of the past: nobody has tried its paths for long')
define(`confEBINDIR', `/usr/lib')
