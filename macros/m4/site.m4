dnl site.m4: the macros of a site file, top level and class filling. What they collect is written by proto.m4.

dnl _CALL_(`NAME', `$#', `$@', `text'): a macro that is only one with parentheses: these names are also words (MAILER-DAEMON).
define(`_CALL_', `define(`_DO_$1', `$4')define(`$1', `ifelse(`$2', `0', ``$1'', `_DO_$1($3)')')')

dnl --- pieces -------------------------------------------------------------------------------------------------------------

dnl VERSIONID(`text'): a comment at the head. It has no line end of its own: with dnl behind it, a following line of plain text is
dnl part of the comment. The next piece of the library ends it.
_CALL_(`VERSIONID', `$#', `$@', `PUSHDIVERT(0)#####  $1  #####POPDIVERT`'define(`_COMMENT_OPEN_', `1')')
define(`_END_COMMENT_', `ifdef(`_COMMENT_OPEN_', `undefine(`_COMMENT_OPEN_')PUSHDIVERT(0)
POPDIVERT`'')')

dnl OSTYPE(`linux'), DOMAIN(`generic'), HACK(`name'), FEATURE(`name', arguments), MAILER(`name'): one file each. The first
dnl argument after the name is _ARG_ and _ARG1_, the further ones _ARG2_ to _ARG9_, all of them _ARGS_. They stay until the next
dnl such call, also one that the file itself makes.
define(`_SET_ARGS_', `define(`_ARG_', `$2')define(`_ARG1_', `$2')define(`_ARG2_', `$3')define(`_ARG3_', `$4')dnl
define(`_ARG4_', `$5')define(`_ARG5_', `$6')define(`_ARG6_', `$7')define(`_ARG7_', `$8')define(`_ARG8_', `$9')dnl
define(`_ARG9_', `$10')define(`_ARGS_', `shift($@)')')
_SET_ARGS_()undefine(`_ARG_')undefine(`_ARGS_')
dnl _PART_(`folder', name, arguments): reads the file of a part. _HEADED_PART_ leaves a comment, on a line of its own: what
dnl stands behind the call on its line, be it only a blank, continues that and no line of the configuration.
define(`_HEADED_PART_', `undefine(`_COMMENT_OPEN_')PUSHDIVERT(0)
# $1 $2
POPDIVERT`'_PART_($@)')
define(`_PART_', `_END_COMMENT_`'_SET_ARGS_(shift($@))include(_CF_DIR_`$1/$2.m4')')

_CALL_(`OSTYPE', `$#', `$@', `PUSHDIVERT(-1)define(`_OSTYPE_', `$1')_HEADED_PART_(`ostype', $@)POPDIVERT`'')
_CALL_(`DOMAIN', `$#', `$@', `PUSHDIVERT(-1)define(`_DOMAIN_', `$1')_HEADED_PART_(`domain', $@)POPDIVERT`'')
_CALL_(`HACK', `$#', `$@', `PUSHDIVERT(-1)define(`_HACK_', `$1')_HEADED_PART_(`hack', $@)POPDIVERT`'')
_CALL_(`FEATURE', `$#', `$@', `PUSHDIVERT(-1)ifdef(`_MAILERS_SEEN_', `_WARNING_(`FEATURE($1) stands after MAILER(): move it in front of them')')dnl
_HEADED_PART_(`feature', $@)POPDIVERT`'')

dnl MAILER_DEFINITIONS: mailer lines (M) and their rulesets follow, written by the site itself.
define(`MAILER_DEFINITIONS', `divert(7)')
_CALL_(`MAILER', `$#', `$@', `PUSHDIVERT(-1)define(`_MAILERS_SEEN_', `1')dnl
ifdef(`_MAILER_$1_', `', `define(`_MAILER_$1_', `1')_PART_(`mailer', $@)')dnl
POPDIVERT`'')

dnl SITECONFIG(`file', `host', `class'), SITE(`name'): UUCP neighbours, listed in siteconfig/file.m4. The class says how they are
dnl reached: U, Y and Z by UUCP (uucp-old, uucp-new, uucp-uudom), V, W and X by way of the host. The host of U is our own UUCP name.
dnl Without such a file there are no neighbours, and the name counts all the same.
_CALL_(`SITECONFIG', `$#', `$@', `PUSHDIVERT(-1)define(`_SITE_HOST_', `$2')define(`_SITE_CLASS_', `$3')define(`_SITES_$3_', `1')dnl
PUSHDIVERT(10)ifelse(index(`UVWX', `$3'), `-1', `', `CONCAT(`D', `$3', `$2')
')dnl
ifelse(`$3', `U', `Cw$2 $2.UUCP
')dnl
POPDIVERT`'sinclude(_CF_DIR_`siteconfig/$1.m4')POPDIVERT`'')
_CALL_(`SITE', `$#', `$@', `PUSHDIVERT(10)ifelse(`$1', `', `', `CONCAT(`C', ifdef(`_SITE_CLASS_', `_SITE_CLASS_', `U'), ` $1')')
POPDIVERT`'')

dnl --- where text of the site goes ------------------------------------------------------------------------------------------

define(`LOCAL_CONFIG', `divert(6)')
define(`LOCAL_NET_CONFIG', `define(`_LOCAL_NET_CONFIG_', `1')divert(1)')
define(`LOCAL_RULE_0', `divert(3)')
define(`LOCAL_RULE_1', `divert(11)')
define(`LOCAL_RULE_2', `divert(12)')
define(`LOCAL_RULE_3', `divert(2)')
define(`LOCAL_UUCP', `divert(4)')
define(`LOCAL_DNSBL', `divert(8)')
define(`LOCAL_RULESETS', `divert(9)')
define(`LOCAL_SRV_FEATURES', `define(`_LOCAL_SRV_FEATURES_', `1')divert(20)')
define(`LOCAL_CLT_FEATURES', `define(`_LOCAL_CLT_FEATURES_', `1')divert(21)')
define(`LOCAL_TRY_TLS', `define(`_LOCAL_TRY_TLS_', `1')divert(22)')
define(`LOCAL_TLS_RCPT', `define(`_LOCAL_TLS_RCPT_', `1')divert(23)')
define(`LOCAL_TLS_CLIENT', `define(`_LOCAL_TLS_CLIENT_', `1')divert(24)')
define(`LOCAL_TLS_SERVER', `define(`_LOCAL_TLS_SERVER_', `1')divert(25)')

dnl --- classes --------------------------------------------------------------------------------------------------------------

dnl _CLASS_(c, words), _CLASS_FILE_(c, file): lines among the class definitions.
define(`_CLASS_', `PUSHDIVERT(10)C{$1}$2
POPDIVERT`'')
define(`_CLASS_FILE_', `PUSHDIVERT(10)F{$1}$2
POPDIVERT`'')

dnl MASQUERADE_AS(`domain'): the name that mail of this host shows to others; empty turns it off.
_CALL_(`MASQUERADE_AS', `$#', `$@', `define(`MASQUERADE_NAME', `$1')')
_CALL_(`MASQUERADE_DOMAIN', `$#', `$@', `_CLASS_(`M', `$1')')
define(`MASQUERADE_DOMAIN_FILE', `_CLASS_FILE_(`M', `$1')')
define(`MASQUERADE_EXCEPTION', `define(`_MASQ_EXCEPT_', `1')_CLASS_(`N', `$1')')
define(`MASQUERADE_EXCEPTION_FILE', `define(`_MASQ_EXCEPT_', `1')_CLASS_FILE_(`N', `$1')')
_CALL_(`EXPOSED_USER', `$#', `$@', `_CLASS_(`E', `$1')')
define(`EXPOSED_USER_FILE', `_CLASS_FILE_(`E', `$1')')
_CALL_(`LOCAL_USER', `$#', `$@', `_CLASS_(`L', `$1')')
define(`LOCAL_USER_FILE', `_CLASS_FILE_(`L', `$1')')
_CALL_(`LOCAL_DOMAIN', `$#', `$@', `_CLASS_(`w', `$1')')
_CALL_(`RELAY_DOMAIN', `$#', `$@', `_CLASS_(`R', `$1')')
define(`RELAY_DOMAIN_FILE', `_CLASS_FILE_(`R', `$1')')
_CALL_(`GENERICS_DOMAIN', `$#', `$@', `define(`_GENERICS_CLASS_', `1')_CLASS_(`G', `$1')')
define(`GENERICS_DOMAIN_FILE', `define(`_GENERICS_CLASS_', `1')_CLASS_FILE_(`G', `$1')')
_CALL_(`VIRTUSER_DOMAIN', `$#', `$@', `define(`_VIRT_CLASS_', `1')_CLASS_(`VirtHost', `$1')')
define(`VIRTUSER_DOMAIN_FILE', `define(`_VIRT_CLASS_', `1')_CLASS_FILE_(`VirtHost', `$1')')
_CALL_(`CANONIFY_DOMAIN', `$#', `$@', `define(`_CANONIFY_CLASS_', `1')_CLASS_(`Canonify', `$1')')
define(`CANONIFY_DOMAIN_FILE', `define(`_CANONIFY_CLASS_', `1')_CLASS_FILE_(`Canonify', `$1')')
_CALL_(`SRS_OWN_DOMAIN', `$#', `$@', `_CLASS_(`SrsOwn', `$1')')
define(`SRS_OWN_DOMAIN_FILE', `_CLASS_FILE_(`SrsOwn', `$1')')
define(`LDAPROUTE_DOMAIN', `define(`_LDAP_CLASS_', `1')_CLASS_(`LDAPRoute', `$1')')
define(`LDAPROUTE_DOMAIN_FILE', `define(`_LDAP_CLASS_', `1')_CLASS_FILE_(`LDAPRoute', `$1')')
define(`LDAPROUTE_EQUIVALENT', `define(`_LDAP_EQUIVALENT_', `1')_CLASS_(`LDAPRouteEquiv', `$1')')
define(`LDAPROUTE_EQUIVALENT_FILE', `define(`_LDAP_EQUIVALENT_', `1')_CLASS_FILE_(`LDAPRouteEquiv', `$1')')
define(`TRUST_AUTH_MECH', `define(`_TRUST_AUTH_MECH_', `1')_CLASS_(`TrustAuthMech', `$1')')

dnl --- listeners, filters, queues, mailer flags -----------------------------------------------------------------------------

dnl DAEMON_OPTIONS(`Name=MTA, Port=smtp, Addr=...'): one listener; instead of the default MTA listener.
_CALL_(`DAEMON_OPTIONS', `$#', `$@', `define(`_DAEMONS_', _QUOTED_(`_DAEMONS_')`O DaemonPortOptions=$1
')')
_CALL_(`CLIENT_OPTIONS', `$#', `$@', `define(`_CLIENTS_', _QUOTED_(`_CLIENTS_')`O ClientPortOptions=$1
')')
dnl MAIL_FILTER defines a filter, INPUT_MAIL_FILTER uses it for all mail as well, in the order they are written.
_CALL_(`MAIL_FILTER', `$#', `$@', `define(`_FILTERS_', _QUOTED_(`_FILTERS_')`X$1, $2
')')
_CALL_(`INPUT_MAIL_FILTER', `$#', `$@', `MAIL_FILTER(`$1', `$2')dnl
define(`confINPUT_MAIL_FILTERS', ifdef(`confINPUT_MAIL_FILTERS', `defn(`confINPUT_MAIL_FILTERS')``, ''')``$1'')')
dnl QUEUE_GROUP(`name', `Key=value, ...')
_CALL_(`QUEUE_GROUP', `$#', `$@', `define(`_QUEUE_GROUPS_', _QUOTED_(`_QUEUE_GROUPS_')`Q$1, $2
')')
dnl Definition of a macro as quoted text, or nothing.
define(`_QUOTED_', `ifdef(`$1', `defn(`$1')')')

dnl MODIFY_MAILER_FLAGS(`LOCAL', `+9'): flags of one mailer. A sign in front counts for the whole text: `-' takes them away and `+'
dnl adds them, in this order whichever line comes first; without a sign they are all flags that the mailer has.
_CALL_(`MODIFY_MAILER_FLAGS', `$#', `$@', `ifelse(substr(`$2', 0, 1), `-', `_APPEND_(`_FLAGS_LESS_$1_', substr(`$2', 1))',
substr(`$2', 0, 1), `+', `_APPEND_(`_FLAGS_MORE_$1_', substr(`$2', 1))', `define(`_FLAGS_ARE_$1_', `$2')')')
define(`_APPEND_', `define(`$1', ifdef(`$1', `defn(`$1')')`$2')')

dnl UUCPSMTP(`uucpname', `smtp.name'): a rule for a UUCP neighbour that is reached by SMTP, below LOCAL_RULE_3.
define(`UUCPSMTP', `R$`'* < @ $1 .UUCP > $`'*	$`'1 < @ $2 > $`'2')
