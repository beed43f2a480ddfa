divert(-1)
dnl FEATURE(`rhsbl'): not part of this library; existing files that name it compile without it.
dnl
dnl Example: none.
_WARNING_(`FEATURE(rhsbl) is not part of this library and does nothing; a file feature/rhsbl.m4 beside the site file is used instead')
