divert(-1)
dnl OSTYPE(`a-ux'): a system of the past; compiles with the values of no system in particular.
dnl
dnl Example:
dnl   OSTYPE(`a-ux')
_WARNING_(`OSTYPE(a-ux) is a system of the past: paths are those of no system in particular')
