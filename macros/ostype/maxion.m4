divert(-1)
dnl OSTYPE(`maxion'): a system of the past; compiles with the values of no system in particular.
dnl
dnl Example:
dnl   OSTYPE(`maxion')
_WARNING_(`OSTYPE(maxion) is a system of the past: paths are those of no system in particular')
