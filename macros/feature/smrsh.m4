divert(-1)
dnl FEATURE(`smrsh', `path'): programs in aliases and .forward files run under the restricted shell.
dnl
dnl Argument: its path, default /usr/libexec/smrsh (confEBINDIR).
dnl
dnl Example:
dnl   FEATURE(`smrsh', `/usr/sbin/smrsh')
define(`LOCAL_SHELL_PATH', ifelse(defn(`_ARG_'), `', `_OR_(`confEBINDIR', `/usr/libexec')`/smrsh'', `defn(`_ARG_')'))
_DEFIFNOT(`LOCAL_SHELL_ARGS', `smrsh -c $u')
