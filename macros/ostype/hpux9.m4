divert(-1)
dnl OSTYPE(`hpux9'): a system of the past; compiles with the values of no system in particular.
dnl
dnl Example:
dnl   OSTYPE(`hpux9')
_WARNING_(`OSTYPE(hpux9) is a system of the past: paths are those of no system in particular')
