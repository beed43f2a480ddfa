divert(-1)
dnl OSTYPE(`powerux'): a system of the past; compiles with the values of no system in particular.
dnl
dnl Example:
dnl   OSTYPE(`powerux')
_WARNING_(`OSTYPE(powerux) is a system of the past: paths are those of no system in particular')
