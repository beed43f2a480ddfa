divert(-1)
dnl OSTYPE(`osf1'): a system of the past; compiles with the values of no system in particular.
dnl
dnl Example:
dnl   OSTYPE(`osf1')
_WARNING_(`OSTYPE(osf1) is a system of the past: paths are those of no system in particular')
