divert(-1)
dnl OSTYPE(`solaris2.ml'): a system of the past; compiles with the values of no system in particular.
dnl
dnl Example:
dnl   OSTYPE(`solaris2.ml')
_WARNING_(`OSTYPE(solaris2.ml) is a system of the past: paths are those of no system in particular')
