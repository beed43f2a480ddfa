divert(-1)
dnl FEATURE(`rhsbl'): not part of this library; existing files that name it compile without it.
dnl
dnl Example: none.
_WARNING_(`FEATURE(rhsbl) is not part of this library and does nothing')
