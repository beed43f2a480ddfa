divert(-1)
dnl FEATURE(`dkim_sign', `keys', `selectors', `domains'): mail of ours that leaves is signed (DKIM), after its addresses and lines have their final form.
dnl
dnl Arguments: the folder of keys, default /etc/mail/dkim with DOMAIN/SELECTOR.private (rulemail dkim new DOMAIN makes them); or
dnl `table KEYTABLE SIGNINGTABLE', files as opendkim has them. Selectors that may sign, with blanks between them, default all. Domains
dnl that have to be signed, and no others, default those with keys. The key of the domain in From signs, or that of the
dnl nearest domain above it.
dnl Ours is mail of this machine, of clients with a login, and of those that may relay, and our reports. Ruleset
dnl Local_sign_mail (LOCAL_RULESETS) gets the address in From and may decide otherwise: $# NO, $# YES, or $# and the domain whose
dnl keys sign. More: docs/dkim.md.
dnl
dnl Example:
dnl   FEATURE(`dkim_sign')
dnl   FEATURE(`dkim_sign', `table /etc/opendkim/KeyTable refile:/etc/opendkim/SigningTable')
dnl and
dnl   LOCAL_RULESETS
dnl   SLocal_sign_mail
dnl   R$* @ lists.example.com		$# NO
define(`_DKIM_ARG_', patsubst(defn(`_ARG_'), `[ 	]+', ` '))
ifelse(index(defn(`_DKIM_ARG_'), `table '), `0', `define(`_DKIM_ARG_', substr(defn(`_DKIM_ARG_'), `6'))
ifelse(index(defn(`_DKIM_ARG_'), ` '), `-1', `_ERROR_(`FEATURE(dkim_sign, table ...) needs two files: the key table and the signing table')',
`define(`confDKIM_KEY_TABLE', substr(defn(`_DKIM_ARG_'), 0, index(defn(`_DKIM_ARG_'), ` ')))
define(`confDKIM_SIGNING_TABLE', substr(defn(`_DKIM_ARG_'), incr(index(defn(`_DKIM_ARG_'), ` '))))')',
defn(`_DKIM_ARG_'), `', `_DEFIFNOT(`confDKIM_KEYS', MAIL_SETTINGS_DIR`'dkim)',
`define(`confDKIM_KEYS', defn(`_DKIM_ARG_'))')
ifelse(defn(`_ARG2_'), `', `', `define(`confDKIM_SELECTORS', defn(`_ARG2_'))')
ifelse(defn(`_ARG3_'), `', `', `define(`confDKIM_DOMAINS', defn(`_ARG3_'))')
ifdef(`_DKIM_SIGN_', `', `define(`_DKIM_SIGN_', `1')PUSHDIVERT(10)
# what is known of a client when its mail leaves
C{persistentMacros}{client_resolve} {cert_issuer} {cert_subject} {arc}
POPDIVERT
PUSHDIVERT(34)
SLocal_sign_mail

# which mail is signed:  the address in From
Ssign_mail
R$*			$: $1 $| $>Local_sign_mail $1
R$* $| $#$*		$#$2
R$* $| $*		$: $1 $| < $&{auth_type} >
R$* $| < $+ >		$# YES				a client with a login
R$* $| $*		$: $1 $| $>RelayTLS
R$* $| $# RELAY		$# YES				one with a certificate
R$* $| $#$*		$#$2
R$* $| $*		$: $1 $| $>Relay_ok < $1 >
R$* $| < OK >		$# YES				this machine, or one that may relay
R$* $| $# error $- 4.$*	$# error $@ 4.$3		it is not known now
R$*			$# NO
POPDIVERT
')
