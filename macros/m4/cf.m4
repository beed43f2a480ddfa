divert(-1)
changecom
dnl cf.m4: the frame of every configuration. Read before the site file; defines what a site file may say, and arranges that
dnl the configuration itself (m4/proto.m4) is written when the site file has ended.
dnl 
dnl m4 comments are off from here on (hash marks begin comments of the configuration, and names in them are expanded).
dnl _CF_DIR_ is the folder of this library, with a slash at its end, whatever the command line or the site file call so.
undefine(`format')
define(`_CF_DIR_', patsubst(__file__, `m4/cf\.m4$', `'))
include(_CF_DIR_`m4/words.m4')
include(_CF_DIR_`m4/site.m4')
include(_CF_DIR_`m4/defaults.m4')
include(_CF_DIR_`m4/mailers.m4')
m4wrap(`include(_CF_DIR_`m4/proto.m4')')
divert(0)dnl
#
# Configuration of a mail server of the Sendmail kind.
#
# Written by the macro compiler from a .mc file: change that file and compile it again, changes made here are lost.
#
divert(0)dnl
