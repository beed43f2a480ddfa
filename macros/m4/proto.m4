divert(-1)
dnl proto.m4: writes the configuration, piece by piece, after the site file has been read. Each ruleset has one place:
dnl   late.m4 (what the site has left open)  head.m4 (macros, classes, maps)  options.m4  fields.m4 (header lines)  canonify.m4  parse.m4  localaddr.m4
dnl   masquerade.m4  access.m4 (look-ups in the access table)  policy.m4 (who may send what to whom)  tls.m4  sender.m4 (who has sent a message)
divert(0)_END_COMMENT_`'dnl
dnl lines of the site are read before the level is known, as they always were

V10/Berkeley
include(_CF_DIR_`m4/late.m4')dnl
include(_CF_DIR_`m4/site-checks.m4')dnl
include(_CF_DIR_`m4/head.m4')dnl
include(_CF_DIR_`m4/options.m4')dnl
include(_CF_DIR_`m4/fields.m4')dnl
include(_CF_DIR_`m4/canonify.m4')dnl
include(_CF_DIR_`m4/parse.m4')dnl
include(_CF_DIR_`m4/localaddr.m4')dnl
include(_CF_DIR_`m4/masquerade.m4')dnl
include(_CF_DIR_`m4/access.m4')dnl
include(_CF_DIR_`m4/policy.m4')dnl
include(_CF_DIR_`m4/tls.m4')dnl
include(_CF_DIR_`m4/sender.m4')dnl

############################
#   Rulesets of the site   #
############################
# all senders
S1
undivert(11)dnl
# all recipients
S2
undivert(12)dnl
undivert(9)dnl

###############
#   Mailers   #
###############
undivert(7)dnl
divert(-1)
