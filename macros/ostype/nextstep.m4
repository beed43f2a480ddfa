divert(-1)
dnl OSTYPE(`nextstep'): a system of the past; compiles with the values of no system in particular.
dnl
dnl Example:
dnl   OSTYPE(`nextstep')
_WARNING_(`OSTYPE(nextstep) is a system of the past: paths are those of no system in particular')
