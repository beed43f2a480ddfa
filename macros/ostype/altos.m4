divert(-1)
dnl OSTYPE(`altos'): a system of the past; compiles with the values of no system in particular.
dnl
dnl Example:
dnl   OSTYPE(`altos')
_WARNING_(`OSTYPE(altos) is a system of the past: paths are those of no system in particular')
