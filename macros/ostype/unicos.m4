divert(-1)
dnl OSTYPE(`unicos'): a system of the past; compiles with the values of no system in particular.
dnl
dnl Example:
dnl   OSTYPE(`unicos')
_WARNING_(`OSTYPE(unicos) is a system of the past: paths are those of no system in particular')
