divert(-1)
dnl OSTYPE(`unicosmk'): a system of the past; compiles with the values of no system in particular.
dnl
dnl Example:
dnl   OSTYPE(`unicosmk')
_WARNING_(`OSTYPE(unicosmk) is a system of the past: paths are those of no system in particular')
