divert(-1)
dnl FEATURE(`delay_checks', `friend', `n'): client and sender are checked when the first recipient is named, not before.
dnl
dnl Arguments: `friend': recipients with Spam:user@domain FRIEND in the access table are spared these checks; `hater': only those
dnl with Spam:user@domain HATER get them. A second argument `n' leaves the rules of the site where they are.
dnl
dnl Example:
dnl   FEATURE(`delay_checks', `friend')
define(`_DELAY_CHECKS_', `1')
ifelse(defn(`_ARG_'), `friend', `define(`_SPAM_FRIEND_', `1')',
defn(`_ARG_'), `hater', `define(`_SPAM_FRIEND_', `1')define(`_SPAM_HATER_', `1')',
defn(`_ARG_'), `', `',
`_WARNING_(`FEATURE(delay_checks): unknown argument '_ARG_`; it is friend or hater')')
