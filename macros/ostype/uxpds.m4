divert(-1)
dnl OSTYPE(`uxpds'): a system of the past; compiles with the values of no system in particular.
dnl
dnl Example:
dnl   OSTYPE(`uxpds')
_WARNING_(`OSTYPE(uxpds) is a system of the past: paths are those of no system in particular')
