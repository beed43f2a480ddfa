divert(-1)
dnl OSTYPE(`hpux10'): a system of the past; compiles with the values of no system in particular.
dnl
dnl Example:
dnl   OSTYPE(`hpux10')
_WARNING_(`OSTYPE(hpux10) is a system of the past: paths are those of no system in particular')
