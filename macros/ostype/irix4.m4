divert(-1)
dnl OSTYPE(`irix4'): a system of the past; compiles with the values of no system in particular.
dnl
dnl Example:
dnl   OSTYPE(`irix4')
_WARNING_(`OSTYPE(irix4) is a system of the past: paths are those of no system in particular')
