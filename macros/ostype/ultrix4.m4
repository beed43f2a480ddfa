divert(-1)
dnl OSTYPE(`ultrix4'): a system of the past; its paths are known, but nobody has tried them for long.
dnl
dnl Example:
dnl   OSTYPE(`ultrix4')
_WARNING_(`OSTYPE(ultrix4) is a system of the past: nobody has tried its paths for long')
define(`confEBINDIR', `/usr/lib')
