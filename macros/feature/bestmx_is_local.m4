divert(-1)
dnl FEATURE(`bestmx_is_local', `domains'): domains whose best MX record names this host are ours.
dnl
dnl Argument: only these domains (and hosts below them); default all.
dnl
dnl Example:
dnl   FEATURE(`bestmx_is_local', `example.org')
define(`_BESTMX_IS_LOCAL_', `1')
ifelse(defn(`_ARG_'), `', `', `define(`_BESTMX_CLASS_', `1')PUSHDIVERT(10)C{B}_ARG_
POPDIVERT')
PUSHDIVERT(30)Kbestmx bestmx -T.TMP
POPDIVERT
