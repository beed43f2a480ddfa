divert(-1)
dnl OSTYPE(`solaris2.pre5'): a system of the past; compiles with the values of no system in particular.
dnl
dnl Example:
dnl   OSTYPE(`solaris2.pre5')
_WARNING_(`OSTYPE(solaris2.pre5) is a system of the past: paths are those of no system in particular')
