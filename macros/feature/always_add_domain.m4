divert(-1)
dnl FEATURE(`always_add_domain'): addresses without a host get ours also in mail that stays here.
dnl
dnl Arguments: none.
dnl
dnl Example:
dnl   FEATURE(`always_add_domain')
define(`_ALWAYS_ADD_DOMAIN_', ifelse(defn(`_ARG_'), `', `*LOCAL*', `defn(`_ARG_')'))
