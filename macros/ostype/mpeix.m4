divert(-1)
dnl OSTYPE(`mpeix'): a system of the past; compiles with the values of no system in particular.
dnl
dnl Example:
dnl   OSTYPE(`mpeix')
_WARNING_(`OSTYPE(mpeix) is a system of the past: paths are those of no system in particular')
