divert(-1)
dnl OSTYPE(`aix3'): a system of the past; compiles with the values of no system in particular.
dnl
dnl Example:
dnl   OSTYPE(`aix3')
_WARNING_(`OSTYPE(aix3) is a system of the past: paths are those of no system in particular')
