divert(-1)
dnl FEATURE(`nouucp', `reject'): an exclamation mark in an address means nothing.
dnl
dnl Argument: `reject' refuses such addresses in check_rcpt, `nospecial' just treats the mark as a letter.
dnl
dnl Example:
dnl   FEATURE(`nouucp', `reject')
ifelse(defn(`_ARG_'), `reject', `', defn(`_ARG_'), `nospecial', `', `_WARNING_(`FEATURE(nouucp) needs an argument, reject or nospecial: nospecial is assumed')')
define(`_NO_UUCP_', `1')
define(`_NO_UUCP_NOSPECIAL_', `1')
ifelse(defn(`_ARG_'), `reject', `define(`_NO_UUCP_REJECT_', `1')')
