divert(-1)
dnl FEATURE(`tls_session_features'): the access table changes options of TLS for a client (TLS_Srv_Features:) or a server
dnl (TLS_Clt_Features:), for example "Options=...; CipherList=...".
dnl
dnl Arguments: none.
dnl
dnl Example:
dnl   FEATURE(`tls_session_features')
ifdef(`_ACCESS_TABLE_', `', `_ERROR_(`FEATURE(tls_session_features) needs FEATURE(access_db) in front of it')')
ifdef(`_TLS_SESSION_FEATURES_', `', `define(`_TLS_SESSION_FEATURES_', `1')PUSHDIVERT(34)
# name $| address
Stls_srv_features
R$* $| $*		$: $>D < $1 > < ? > < ! TLS_Srv_Features > < $2 >
R< ? > < $* >		$: $>A < $1 > < ? > < ! TLS_Srv_Features > < >
R< ? > $*		$@ ""
R< $+ > < $* >		$@ $1
Stls_clt_features
R$* $| $*		$: $>D < $1 > < ? > < ! TLS_Clt_Features > < $2 >
R< ? > < $* >		$: $>A < $1 > < ? > < ! TLS_Clt_Features > < >
R< ? > $*		$@ ""
R< $+ > < $* >		$@ $1
POPDIVERT
')
