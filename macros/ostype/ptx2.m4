divert(-1)
dnl OSTYPE(`ptx2'): a system of the past; compiles with the values of no system in particular.
dnl
dnl Example:
dnl   OSTYPE(`ptx2')
_WARNING_(`OSTYPE(ptx2) is a system of the past: paths are those of no system in particular')
