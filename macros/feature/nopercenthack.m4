divert(-1)
dnl FEATURE(`nopercenthack', `reject'): a percent sign in a user name is no host separator.
dnl
dnl Argument: `reject' refuses such addresses in check_rcpt, `nospecial' just treats the sign as a letter.
dnl
dnl Example:
dnl   FEATURE(`nopercenthack', `reject')
ifelse(defn(`_ARG_'), `reject', `', defn(`_ARG_'), `nospecial', `',
`_WARNING_(`FEATURE(nopercenthack) needs an argument, reject or nospecial: nospecial is assumed')')
define(`_NO_PERCENT_HACK_', defn(`_ARG_'))
