divert(-1)
dnl OSTYPE(`bsdi2.0'): a system of the past; compiles with the values of no system in particular.
dnl
dnl Example:
dnl   OSTYPE(`bsdi2.0')
_WARNING_(`OSTYPE(bsdi2.0) is a system of the past: paths are those of no system in particular')
