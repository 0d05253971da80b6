;; A compact group of one type stands for its imports: without any, its type is of no module, and
;; only has to be well-formed.

(module binary
  "\00asm" "\01\00\00\00"
  "\02\0a\01"                    ;; Import section, 1 group
  "\01x" "\00" "\7e"             ;;   "x", one type
  "\02\01\02\01"                 ;;   (memory 2 1)
  "\00"                          ;;   no names
)
(assert_invalid
  (module binary
    "\00asm" "\01\00\00\00"
    "\02\0c\01"
    "\01x" "\00" "\7e"
    "\02\01\02\01"
    "\01" "\01a"                 ;;   1 name
  )
  "size minimum must not be greater than maximum"
)
(module binary
  "\00asm" "\01\00\00\00"
  "\02\0d\01"
  "\01x" "\00" "\7e"
  "\02\00\80\80\80\80\01"        ;;   (memory 2^28)
  "\00"
)
(module binary
  "\00asm" "\01\00\00\00"
  "\02\0a\01"
  "\01x" "\00" "\7e"
  "\02\08\00\03"                 ;;   a memory with pages of 8 bytes
  "\00"
)
(module binary
  "\00asm" "\01\00\00\00"
  "\02\0b\01"
  "\01x" "\00" "\7e"
  "\01\63\05\00\00"              ;;   (table 0 (ref null 5)), an unknown type
  "\00"
)
(assert_invalid
  (module binary
    "\00asm" "\01\00\00\00"
    "\02\0d\01"
    "\01x" "\00" "\7e"
    "\01\63\05\00\00"
    "\01" "\01a"
  )
  "unknown type"
)
(module binary
  "\00asm" "\01\00\00\00"
  "\02\08\01"
  "\01x" "\00" "\7e"
  "\00\09"                       ;;   (func (type 9)), an unknown type
  "\00"
)
(assert_malformed
  (module binary
    "\00asm" "\01\00\00\00"
    "\02\09\01"
    "\01x" "\00" "\7e"
    "\02\f0\00" "\00"            ;;   flags of no memory
  )
  "malformed limits flags"
)
