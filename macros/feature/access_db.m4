divert(-1)
dnl FEATURE(`access_db', `map', `skip', `lookupdotdomain', `relaytofulladdress'): a table says who may send what to whom.
dnl
dnl Arguments: the map, default `hash -T<TMPF> /etc/mail/access'; then in any order: `skip' (the value SKIP ends the search for a
dnl key without a result), `lookupdotdomain' (keys .domain match hosts below a domain), `relaytofulladdress' (To:user@domain
dnl RELAY is possible).
dnl Keys: Connect:host, Connect:192.0.2, From:user@domain, From:domain, To:user@, Spam:..., TLS_Srv:..., and so on.
dnl Values: OK, RELAY, REJECT, DISCARD, QUARANTINE:text, ERROR:D.S.N:code text, or what the key is for.
dnl
dnl Example:
dnl   FEATURE(`access_db')
dnl and in /etc/mail/access
dnl   From:spammer.example   REJECT
dnl   Connect:192.0.2        RELAY
define(`_ACCESS_TABLE_', `1')
define(`_ACCESS_ARG_', `ifelse(`$1', `skip', `define(`_ACCESS_SKIP_', `1')',
`$1', `lookupdotdomain', `define(`_LOOKUP_DOT_DOMAIN_', `1')',
`$1', `relaytofulladdress', `define(`_RELAY_FULL_ADDR_', `1')',
`$1', `', `',
`_ERROR_(`FEATURE(access_db): unknown argument $1')')')
_ACCESS_ARG_(_ARG2_)_ACCESS_ARG_(_ARG3_)_ACCESS_ARG_(_ARG4_)
PUSHDIVERT(30)Kaccess ifelse(defn(`_ARG_'), `', `DATABASE_MAP_TYPE -T<TMPF> MAIL_SETTINGS_DIR`'access',
defn(`_ARG_'), `LDAP', `_LDAP_MAP_(`access', `-T<TMPF> ')', `_ARG_')
POPDIVERT
