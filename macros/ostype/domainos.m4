divert(-1)
dnl OSTYPE(`domainos'): a system of the past; compiles with the values of no system in particular.
dnl
dnl Example:
dnl   OSTYPE(`domainos')
_WARNING_(`OSTYPE(domainos) is a system of the past: paths are those of no system in particular')
