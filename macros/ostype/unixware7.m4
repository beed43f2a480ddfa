divert(-1)
dnl OSTYPE(`unixware7'): a system of the past; compiles with the values of no system in particular.
dnl
dnl Example:
dnl   OSTYPE(`unixware7')
_WARNING_(`OSTYPE(unixware7) is a system of the past: paths are those of no system in particular')
