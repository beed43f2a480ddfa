divert(-1)
dnl OSTYPE(`qnx'): a system of the past; compiles with the values of no system in particular.
dnl
dnl Example:
dnl   OSTYPE(`qnx')
_WARNING_(`OSTYPE(qnx) is a system of the past: paths are those of no system in particular')
