divert(-1)
dnl OSTYPE(`unicosmp'): a system of the past; compiles with the values of no system in particular.
dnl
dnl Example:
dnl   OSTYPE(`unicosmp')
_WARNING_(`OSTYPE(unicosmp) is a system of the past: paths are those of no system in particular')
