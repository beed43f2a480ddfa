divert(-1)
dnl OSTYPE(`bsd4.3'): a system of the past; compiles with the values of no system in particular.
dnl
dnl Example:
dnl   OSTYPE(`bsd4.3')
_WARNING_(`OSTYPE(bsd4.3) is a system of the past: paths are those of no system in particular')
