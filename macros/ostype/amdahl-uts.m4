divert(-1)
dnl OSTYPE(`amdahl-uts'): a system of the past; compiles with the values of no system in particular.
dnl
dnl Example:
dnl   OSTYPE(`amdahl-uts')
_WARNING_(`OSTYPE(amdahl-uts) is a system of the past: paths are those of no system in particular')
