divert(-1)
dnl OSTYPE(`dgux'): a system of the past; compiles with the values of no system in particular.
dnl
dnl Example:
dnl   OSTYPE(`dgux')
_WARNING_(`OSTYPE(dgux) is a system of the past: paths are those of no system in particular')
