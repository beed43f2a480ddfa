divert(-1)
dnl OSTYPE(`mklinux'): a system of the past; compiles with the values of no system in particular.
dnl
dnl Example:
dnl   OSTYPE(`mklinux')
_WARNING_(`OSTYPE(mklinux) is a system of the past: paths are those of no system in particular')
