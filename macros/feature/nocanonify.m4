divert(-1)
dnl FEATURE(`nocanonify', `canonify_hosts'): names of hosts are taken as they are written, DNS is not asked for the full name.
dnl
dnl Argument: `canonify_hosts' still looks up names without a dot; names of CANONIFY_DOMAIN() are always looked up.
dnl
dnl Example:
dnl   FEATURE(`nocanonify')
define(`_NO_CANONIFY_', `1')
ifelse(defn(`_ARG_'), `canonify_hosts', `define(`_CANONIFY_HOSTS_', `1')')
