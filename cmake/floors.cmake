# headgate_floor(NAME LIBRARIES...): one static library per folder of runtime/, and
# headgate_embed(TARGET SYMBOL BASE FILES...): files compiled into a target.
function(headgate_floor name)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.c)
  if(NOT sources)
    add_library(hg_${name} INTERFACE)
    target_link_libraries(hg_${name} INTERFACE ${ARGN})
    return()
  endif()
  add_library(hg_${name} STATIC ${sources})
  target_include_directories(hg_${name} PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(hg_${name} PUBLIC ${ARGN})
endfunction()

function(headgate_embed target symbol base)
  string(REPLACE ";" "|" joined "${ARGN}")
  set(out ${CMAKE_CURRENT_BINARY_DIR}/${symbol}.c)
  list(TRANSFORM ARGN PREPEND "${base}/" OUTPUT_VARIABLE paths)
  add_custom_command(OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DOUT=${out} -DSYMBOL=${symbol} -DBASE=${base} "-DFILES=${joined}"
            -P ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${paths} ${CMAKE_SOURCE_DIR}/cmake/embed.cmake VERBATIM)
  set_source_files_properties(${out} PROPERTIES OBJECT_DEPENDS "${paths}")
  target_sources(${target} PRIVATE ${out})
endfunction()
