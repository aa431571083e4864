# A library's archive (.a) instead of its shared object, where it is installed. Not for libraries that others load too:
# libuv (libwebsockets' plugin), and what libpq brings.

# headgate_archive_path(VARIABLE NAME): VARIABLE becomes the path of libNAME.a.
function(headgate_archive_path variable name)
  find_library(HEADGATE_ARCHIVE_${name} NAMES lib${name}.a)
  mark_as_advanced(HEADGATE_ARCHIVE_${name})
  if(HEADGATE_ARCHIVE_${name})
    set(${variable} ${HEADGATE_ARCHIVE_${name}} PARENT_SCOPE)
  endif()
endfunction()

# headgate_archive(TARGET NAME [LIBRARY ...]): the imported target of pkg-config links libNAME.a, then the libraries that
# the archive itself needs.
function(headgate_archive target name)
  headgate_archive_path(archive ${name})
  if(archive)
    string(JOIN ";" linked "${archive}" ${ARGN})
    get_target_property(libraries ${target} INTERFACE_LINK_LIBRARIES)
    list(TRANSFORM libraries REPLACE ".*/lib${name}\\.so.*" "${linked}")
    set_target_properties(${target} PROPERTIES INTERFACE_LINK_LIBRARIES "${libraries}")
  endif()
endfunction()
