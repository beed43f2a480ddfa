divert(-1)
dnl OSTYPE(`sunos3.5'): a system of the past; compiles with the values of no system in particular.
dnl
dnl Example:
dnl   OSTYPE(`sunos3.5')
_WARNING_(`OSTYPE(sunos3.5) is a system of the past: paths are those of no system in particular')
