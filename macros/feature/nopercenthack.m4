divert(-1)
dnl FEATURE(`nopercenthack'): a percent sign in a user name is no host separator.
dnl
dnl Arguments: none.
dnl
dnl Example:
dnl   FEATURE(`nopercenthack')
define(`_NO_PERCENT_HACK_', ifelse(defn(`_ARG_'), `', `reject', `defn(`_ARG_')'))
