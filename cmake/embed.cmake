# Writes a C file with the bytes of files and a table of them.
#   cmake -DOUT=x.c -DSYMBOL=name -DBASE=dir -DFILES=a|b|c -P embed.cmake
# FILES are relative to BASE; the table is `const EmbedFile SYMBOL[]`.
string(REPLACE "|" ";" files "${FILES}")
set(code "/* Written by cmake/embed.cmake. */\n#include \"base/embed.h\"\n\n")
set(rows "")
set(number 0)
foreach(file IN LISTS files)
  set(label "${SYMBOL}_${number}")
  string(APPEND code
    "__asm__(\".section .rodata\\n.global ${label}\\n${label}:\\n.incbin \\\"${BASE}/${file}\\\"\\n\"\n"
    "        \".global ${label}_end\\n${label}_end:\\n.byte 0\\n.previous\\n\");\n"
    "extern const char ${label}[];\nextern const char ${label}_end[];\n")
  string(APPEND rows "    {\"${file}\", ${label}, ${label}_end},\n")
  math(EXPR number "${number} + 1")
endforeach()
string(APPEND code "\nextern const EmbedFile ${SYMBOL}[];\nconst EmbedFile ${SYMBOL}[] = {\n${rows}    {NULL, NULL, NULL},\n};\n")
file(WRITE "${OUT}" "${code}")
