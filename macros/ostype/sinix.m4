divert(-1)
dnl OSTYPE(`sinix'): a system of the past; compiles with the values of no system in particular.
dnl
dnl Example:
dnl   OSTYPE(`sinix')
_WARNING_(`OSTYPE(sinix) is a system of the past: paths are those of no system in particular')
