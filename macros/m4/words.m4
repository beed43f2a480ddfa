dnl words.m4: small macros that the rest of the library and site files are written with.

dnl PUSHDIVERT(n) ... POPDIVERT: write to diversion n for a while. What is held for which place (-1: thrown away, 0: written at
dnl once), the file of m4/ that writes it there, and who fills it:
dnl    1  parse.m4      what is not for this host, in front of the smart host         LOCAL_NET_CONFIG
dnl    2  canonify.m4   addresses that have been brought into form                    LOCAL_RULE_3, UUCPSMTP behind it
dnl    3  parse.m4      any address, in front of all that we know by ourselves        LOCAL_RULE_0
dnl    4  parse.m4      in front of our own users                                     LOCAL_UUCP
dnl    5  head.m4       other names of this host                                      parts of the site's own
dnl    6  head.m4       configuration lines of the site                               LOCAL_CONFIG
dnl    7  proto.m4      mailers, and the rulesets that they name                      MAILER_DEFINITIONS, mailer/
dnl    8  policy.m4     check_relay: lists in DNS                                     LOCAL_DNSBL, dnsbl, enhdnsbl, mtamark
dnl    9  proto.m4      rulesets of the site                                          LOCAL_RULESETS
dnl   10  head.m4       classes and macros                                            class macros of site.m4, some features
dnl   11  proto.m4      ruleset 1                                                     LOCAL_RULE_1
dnl   12  proto.m4      ruleset 2                                                     LOCAL_RULE_2
dnl   13  parse.m4      pseudo domains of mailers                                     fax, pop
dnl   20  tls.m4        srv_features                                                  LOCAL_SRV_FEATURES
dnl   21  tls.m4        clt_features                                                  LOCAL_CLT_FEATURES
dnl   22  tls.m4        try_tls                                                       LOCAL_TRY_TLS
dnl   23  tls.m4        tls_rcpt                                                      LOCAL_TLS_RCPT
dnl   24  tls.m4        tls_client                                                    LOCAL_TLS_CLIENT
dnl   25  tls.m4        tls_server                                                    LOCAL_TLS_SERVER
dnl   30  head.m4       maps                                                          features with a table
dnl   31  parse.m4      rulesets that parse calls                                     mailertable, ldap.m4
dnl   32  localaddr.m4  localaddr, behind everything                                  msp
dnl   33  parse.m4      users of ours, in front of the local mailer                   usenet
dnl   34  access.m4     rulesets that checks call                                     features that refuse or select
dnl   35  policy.m4     check_relay, in front of the lists                            parts of the site's own
dnl   36  policy.m4     check_mail, in front of what we check                         parts of the site's own
dnl   37  policy.m4     check_mail, behind it                                         badmx
dnl   38  policy.m4     check_rcpt, in front of what we check                         srs
dnl   39  policy.m4     Rcpt_ok, in front of the names that we relay for              parts of the site's own
dnl   40  policy.m4     Rcpt_ok, behind them                                          relay_based_on_MX
dnl   41  policy.m4     Relay_ok, in front of the client's address                    parts of the site's own
dnl   42  policy.m4     Relay_ok, between the client's address and its name           relay_local_from, relay_mail_from
dnl   43  policy.m4     greet_pause                                                   greet_pause
dnl   44  tls.m4        rulesets, behind those about encryption                       parts of the site's own
dnl   45  policy.m4     check_relay, behind the lists                                 require_rdns
dnl   46  parse.m4      between our own users and tables of hosts                     mail11
dnl   47  policy.m4     check_rcpt, in front of the refusal to relay                  relay_based_on_MX
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

dnl _ACTION_OR_(feature, name of an argument, words that it may be with - around each, default): the argument, as a text that is
dnl not expanded again: one of the words, or the text of a refusal, which has a blank in it.
define(`_ACTION_OR_', `ifelse(defn(`$2'), `', ``$4'', index(defn(`$2'), ` '), `-1', `ifelse(index(`$3', `-'defn(`$2')`-'), `-1',
`_WARNING_(`FEATURE($1): '$2` is none of'translit(`$3', `-', ` ')`and counts as $4')`$4'', `defn(`$2')')', `defn(`$2')')')

dnl _ERR_ and _DROP_: how a refusal begins, for text that stands in the body of a macro (where $# and $@ mean something else).
define(`_ERR_', `$`'#error $`'@')
define(`_DROP_', `$`'#discard $: discard')
