divert(0)dnl
ifdef(`DECNET_RELAY', `define(`_DECNET_', `1')')dnl
ifdef(`_DECNET_', `define(`_DECNET_DOMAIN_', `1')')dnl
ifdef(`_USE_DECNET_SYNTAX_', `define(`_DECNET_', `1')')dnl
ifdef(`FAX_RELAY', `define(`_FAX_', `1')')dnl
dnl head.m4: macros, classes and maps. Names of macros and classes that rules of sites use keep their letters:
dnl   $j our name  $B $C $F $H $L $M $R $S $Y relays and masquerade  $Z version  =w our names  =R relayed  =E =L =M =N =G

ifdef(`confLDAP_DEFAULT_SPEC', `# the directory: classes are read from it as soon as their lines come
O LDAPDefaultSpec=confLDAP_DEFAULT_SPEC
')ifdef(`confLDAP_CLUSTER', `D{sendmailMTACluster}confLDAP_CLUSTER
')dnl
#########################
#   This host           #
#########################

# other names for this host
Cwlocalhost
ifdef(`_USE_CW_FILE_', `# file with more of them
Fw`'confCW_FILE
')dnl
ifdef(`confDOMAIN_NAME', `# our official name
Dj`'confDOMAIN_NAME
', `# our official name is what the machine says
')dnl
undivert(5)dnl
# version and name in bounces
DZ`'confCF_VERSION
Dn`'confMAILER_NAME
# the operators that can follow a name of ours, and what may follow a bracket
C{O}@ ifdef(`_NO_PERCENT_HACK_', `', `% ')ifdef(`_NO_UUCP_NOSPECIAL_', `', `!')
# Pseudo domains, never looked up in DNS, and the name without dots
C{P}. ifdef(`BITNET_RELAY', `BITNET ')`'dnl
ifdef(`_DECNET_DOMAIN_', `DECNET ')`'dnl
ifdef(`_FAX_', `FAX ')`'dnl
ifdef(`UUCP_RELAY', `UUCP ')`'dnl
ifdef(`_REDIRECT_', `REDIRECT ')`'dnl
ifdef(`_POP_', `POP ')
C..
C[[
ifdef(`confTRUSTED_USERS', `T`'confTRUSTED_USERS
')dnl

# relays
D{S}ifdef(`SMART_HOST', `SMART_HOST')
ifdef(`LOCAL_RELAY', `D{R}LOCAL_RELAY
')dnl
ifdef(`MAIL_HUB', `D{H}MAIL_HUB
')dnl
ifdef(`LUSER_RELAY', `D{L}LUSER_RELAY
')dnl
ifdef(`UUCP_RELAY', `D{Y}UUCP_RELAY
')dnl
ifdef(`BITNET_RELAY', `D{B}BITNET_RELAY
')dnl
ifdef(`DECNET_RELAY', `D{C}DECNET_RELAY
')dnl
ifdef(`FAX_RELAY', `D{F}FAX_RELAY
')dnl
ifdef(`MASQUERADE_NAME', `# the name that mail shows outside
D{M}MASQUERADE_NAME
')dnl
# what we relay for
F{R}`'confCR_FILE
# words that answers of maps are compared with
C{ResOk}OKR
C{Accept}OK RELAY
# requirements of encryption, and results that satisfy them
C{Tls}VERIFY ENCR
C{TlsVerified}OK TRUSTED
# restored for each delivery from the queue
C{persistentMacros}r s _ {if_addr} {daemon_flags}
# MIME: encodings we can convert, types never converted, subtypes looked into
C{e}7bit 8bit binary
C{n}multipart/signed
C{s}rfc822
undivert(10)dnl
ifdef(`_VIRT_CLASS_', `# virtual domains are relayed for
C{R}$={VirtHost}
')dnl

# maps
Kdequote dequote ifdef(`confDEQUOTE_OPTS', `confDEQUOTE_OPTS')
Karith arith
Kmacro macro
define(`_ROUTE_SIGNS_', `@ifdef(`_NO_PERCENT_HACK_', `', `%')ifdef(`_NO_UUCP_NOSPECIAL_', `', `!')')dnl
ifdef(`_QUOTED_ROUTES_', `', `Kquotedroute regex -q -a<ROUTE> (["\\].*[_ROUTE_SIGNS_]|[_ROUTE_SIGNS_].*["\\])
')dnl
ifdef(`_CERT_REGEX_ISSUER_', `# what the access table has of the names in certificates
KCERTIssuer regex _CERT_REGEX_ISSUER_
')dnl
ifdef(`_CERT_REGEX_SUBJECT_', `KCERTSubject regex _CERT_REGEX_SUBJECT_
')dnl
ifdef(`confOPENSSL_CNF', `EOPENSSL_CONF=confOPENSSL_CNF
')dnl
ifdef(`_ACCEPT_UNRESOLVABLE_', `', `Kresolve host -a<OKR> -T<TEMP>
')dnl
ifdef(`LUSER_RELAY', `Kuser user -m -a<>
')dnl
undivert(30)dnl

###################################
#   Configuration of the site     #
###################################
undivert(6)dnl
