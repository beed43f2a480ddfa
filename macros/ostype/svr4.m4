divert(-1)
dnl OSTYPE(`svr4'): a system of the past; compiles with the values of no system in particular.
dnl
dnl Example:
dnl   OSTYPE(`svr4')
_WARNING_(`OSTYPE(svr4) is a system of the past: paths are those of no system in particular')
