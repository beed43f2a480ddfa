divert(2)second
divert(1)first
divert(0)zero divnum
undivert(2)dnl gone
between
divert(-1)nothing of this divnum
divert(3)third divert`'dnl
main
m4wrap(`wrapped one
')m4wrap(`wrapped two
')dnl
__line__
define(`multi', __line__)multi(
a,
b) __line__
sinclude(`no/such/file')include(`part.txt')|
undivert(`part.txt')dnl
divert(5)five
divert(4)four
divert(0)undivert(5, 4)last
