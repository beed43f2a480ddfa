divert(-1)
dnl OSTYPE(`bsdi'): a system of the past; compiles with the values of no system in particular.
dnl
dnl Example:
dnl   OSTYPE(`bsdi')
_WARNING_(`OSTYPE(bsdi) is a system of the past: paths are those of no system in particular')
