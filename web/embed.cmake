# Writes the table of all files below BASE: cmake/embed.cmake, with FILES found now.
file(GLOB_RECURSE FILES RELATIVE ${BASE} ${BASE}/*)
list(SORT FILES)
string(REPLACE ";" "|" FILES "${FILES}")
include(${CMAKE_CURRENT_LIST_DIR}/../cmake/embed.cmake)
