divert(-1)
dnl OSTYPE(`sco-uw-2.1'): a system of the past; compiles with the values of no system in particular.
dnl
dnl Example:
dnl   OSTYPE(`sco-uw-2.1')
_WARNING_(`OSTYPE(sco-uw-2.1) is a system of the past: paths are those of no system in particular')
