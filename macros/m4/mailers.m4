dnl mailers.m4: how the files in mailer/ write a mailer line (M).

dnl _MFLAGS_(NAME, always, default): flags of mailer NAME: those it always has, then NAME_MAILER_FLAGS or the default, then
dnl what MODIFY_MAILER_FLAGS says.
define(`_MFLAGS_', `_CHANGED_FLAGS_(`$1', `$2'ifdef(`$1_MAILER_FLAGS', `$1_MAILER_FLAGS', `$3'))')
define(`_CHANGED_FLAGS_', `ifdef(`_FLAGS_CHANGE_$1_', `_WALK_FLAGS_(`=', _FLAGS_CHANGE_$1_, `$2')', `$2')')
dnl one letter of the change at a time; a letter before any sign replaces all flags
define(`_WALK_FLAGS_', `ifelse(`$2', `', `$3',
index(`+-', substr(`$2', 0, 1)), `-1', `_WALK_FLAGS_(ifelse(`$1', `=', `+', `$1'), substr(`$2', 1), _ONE_FLAG_(`$1', substr(`$2', 0, 1), `$3'))',
`_WALK_FLAGS_(substr(`$2', 0, 1), substr(`$2', 1), `$3')')')
define(`_ONE_FLAG_', `ifelse(`$1', `+', `_ADDCHAR_(`$2', `$3')', `$1', `-', `_DELCHAR_(`$2', `$3')', `$2')')

dnl _MLIMITS_(NAME): what else may be set for a mailer: size, messages and recipients at once, character set, queue group, user.
define(`_MLIMITS_', `ifdef(`$1_MAILER_MAX', `M=$1_MAILER_MAX, ')`'ifdef(`$1_MAILER_MAXMSGS', `m=$1_MAILER_MAXMSGS, ')`'dnl
ifdef(`$1_MAILER_MAXRCPTS', `r=$1_MAILER_MAXRCPTS, ')`'ifdef(`$1_MAILER_CHARSET', `C=$1_MAILER_CHARSET, ')`'dnl
ifelse(`$1', `SMTP', `', `_MQUEUE_(`$1')')`'ifdef(`$1_MAILER_USER', `U=$1_MAILER_USER, ')')
define(`_MQUEUE_', `ifdef(`$1_MAILER_QGRP', `Q=$1_MAILER_QGRP, ')')
dnl _OR_(NAME, default): its value when it is defined.
define(`_OR_', `ifdef(`$1', `$1', `$2')')
