dnl words.m4: small macros that the rest of the library and site files are written with.

dnl PUSHDIVERT(n) ... POPDIVERT: write to diversion n for a while. Diversions that site files know:
dnl   1 LOCAL_NET_CONFIG   2 LOCAL_RULE_3   3 LOCAL_RULE_0   4 LOCAL_UUCP   5 names of this host   6 LOCAL_CONFIG
dnl   7 mailers   8 LOCAL_DNSBL   9 LOCAL_RULESETS
dnl and the library itself: 10 maps, 11 rule 1, 12 rule 2, 13 mailer rules of parse, 20 to 27 the TLS and feature hooks,
dnl 30 and up: rules of single features, see proto.m4.
define(`PUSHDIVERT', `pushdef(`_DIVERTED_', divnum)divert($1)')
define(`POPDIVERT', `divert(_DIVERTED_)popdef(`_DIVERTED_')')

dnl DOL(n): a dollar sign and n, for text that stands in the body of a macro.
define(`DOL', ``$'$1')

dnl lower(text), strcasecmp(a, b): the second is 1 when they differ only in case, else 0.
define(`lower', `translit(`$1', `ABCDEFGHIJKLMNOPQRSTUVWXYZ', `abcdefghijklmnopqrstuvwxyz')')
define(`strcasecmp', `ifelse(lower(`$1'), lower(`$2'), `1', `0')')

dnl CONCAT(a, b, ...): all of them, without what stands between.
define(`CONCAT', `ifelse($#, `0', `', $#, `1', `$1', `$1`'CONCAT(shift($@))')')

dnl _DEFIFNOT(name, value): a default.
define(`_DEFIFNOT', `ifdef(`$1', `', `define(`$1', `$2')')')
dnl _OR_(NAME, default): its value when it is defined.
define(`_OR_', `ifdef(`$1', `$1', `$2')')

dnl _ADDCHAR_(set, letter): the set with it, once. _DELCHAR_(set, letter): without the first of them.
define(`_ADDCHAR_', `ifelse(index(`$1', `$2'), `-1', `$1$2', `$1')')
define(`_DELCHAR_', `ifelse(index(`$1', `$2'), `-1', `$1', `substr(`$1', 0, index(`$1', `$2'))`'substr(`$1', incr(index(`$1', `$2')))')')
dnl _ADD_FLAGS_(letters, set), _TAKE_FLAGS_(letters, set): how MODIFY_MAILER_FLAGS changes flags.
define(`_ADD_FLAGS_', `_TAKE_FLAGS_(`$1', `$2')$1')
define(`_TAKE_FLAGS_', `translit(`$2', `$1', `')')

dnl _OPTINS(name, before, behind): the value of a variable between two texts; nothing when it is not defined.
define(`_OPTINS', `ifdef(`$1', `$2$1$3')')
dnl _AP_(macro, arguments): a call of it.
define(`_AP_', `ifelse($#, `1', `', `$1(shift($@))')')

dnl _EACH_(macro, words): macro(`word') for each word of a blank separated list.
define(`_EACH_', `_EACH_FROM_(`$1', patsubst(patsubst(`$2', `[ 	
]+', ` '), `^ \| $', `'))')
define(`_EACH_FROM_', `ifelse(`$2', `', `', index(`$2', ` '), `-1', `$1(`$2')',
`$1(substr(`$2', 0, index(`$2', ` ')))_EACH_FROM_(`$1', substr(`$2', incr(index(`$2', ` '))))')')

dnl _HAS_(name): 1 when it is defined and not empty.
define(`_HAS_', `ifdef(`$1', `ifelse($1, `', `', `1')', `')')

dnl What the library has to say to the person who compiles.
define(`_ERROR_', `errprint(`*** ERROR: $1
')')
define(`_WARNING_', `errprint(`*** WARNING: $1
')')

dnl Text of maps that answer with a temporary failure, and the marks of tagged access keys.
define(`_TMPFMSG_', `"451 Temporary system failure. Please try again later."')
define(`_TAG_DELIM_', `:')
define(`_U_', `_')

dnl _MAP_SPEC_(`name', `map'): the map that a FEATURE got as its first argument. Nothing: a table of that name in the settings
dnl folder; LDAP: the entries of that map in the directory.
define(`_MAP_SPEC_', `ifelse(defn(`_ARG_'), `', `DATABASE_MAP_TYPE MAIL_SETTINGS_DIR`'$1', defn(`_ARG_'), `LDAP', `_LDAP_MAP_(`$2')', `_ARG_')')
define(`_LDAP_CLUSTER_', `${sendmailMTACluster}')
define(`_LDAP_MAP_', `ldap $2-1 -v sendmailMTAMapValue,dnl
sendmailMTAMapSearch:FILTER:sendmailMTAMapObject,dnl
sendmailMTAMapURL:URL:sendmailMTAMapObject dnl
-k (&(objectClass=sendmailMTAMapObject)dnl
(|(sendmailMTACluster=_LDAP_CLUSTER_)(sendmailMTAHost=$j))dnl
(sendmailMTAMapName=$1)(sendmailMTAKey=%0))')

dnl _HOST_OF_(`MAIL_HUB'): the host of a relay written as host or mailer:host.
define(`_HOST_OF_', `ifelse(index($1, `['), `0', `$1', index($1, `:'), `-1', `$1', `substr($1, incr(index($1, `:')))')')

dnl _ERR_ and _DROP_: how a refusal begins, for text that stands in the body of a macro (where $# and $@ mean something else).
define(`_ERR_', `$`'#error $`'@')
define(`_DROP_', `$`'#discard $: discard')
