divert(-1)
dnl FEATURE(`fips3', `configuration', `modules'): OpenSSL is told to use its FIPS provider. It concerns programs built with OpenSSL.
dnl
dnl Arguments: the OpenSSL configuration file, default /etc/mail/fips.ossl; the folder of its modules.
dnl
dnl Example:
dnl   FEATURE(`fips3')
define(`confOPENSSL_CNF', ifelse(defn(`_ARG_'), `', `MAIL_SETTINGS_DIR`fips.ossl'', `defn(`_ARG_')'))
ifelse(defn(`_ARG2_'), `', `', `PUSHDIVERT(10)EOPENSSL_MODULES=_ARG2_
POPDIVERT')
