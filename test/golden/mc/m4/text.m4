len(`a,b') index(`hello', `l') index(`x', `y') substr(`abcdef', 2, 3) substr(`abc', 1) [substr(`abc', 5)]
translit(`hello', `a-y', `b-z') translit(`a-b-c', `-') translit(`abc', `c-a', `123') translit(`AbC', `A-Z', `a-z')
regexp(`foo bar', `b\(a\)', `<\&|\1>') regexp(`abc', `z') regexp(`abc', `z', `x')| regexp(`a+b', `+b')
patsubst(`a b c', ` *', `-') patsubst(`aXbX', `X', `(\&)') patsubst(`line one
line two', `^', `> ')
patsubst(`foo.bar', `\.', `\\') patsubst(`word word', `\<w', `W') patsubst(`a|b', `\(a\)|\(b\)', `\2\1')
format(`%05d|%-5s|%5s|%c|%x|%o|%%|%.2f|%*d|%+d', 42, `ab', `cd', 65, 255, 8, 3.14159, 4, 7, 3)
incr(9) decr(-1) incr(2147483647)
eval(1 + 2 * 3 ** 2) eval(-7 / 2) eval(-7 % 3) eval(7 > 3 && 2 >= 2) eval(1 || 1 / 0) eval(0 && 1 % 0)
eval(0x1f) eval(017) eval(0b101) eval(0r36:z) eval(255, 16) eval(5, 2, 8) eval(-5, 10, 4) eval(~0) eval(!3) eval(1 << 4 | 3 & 1 ^ 8)
eval(-2 ** 2) eval((1 + 2) * -3) eval(2147483647 + 1) eval(10 == 10) eval(3 != 3) eval(1 << 31)
