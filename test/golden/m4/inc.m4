included line 1
included __line__ __file__
