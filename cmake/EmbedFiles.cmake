# resetctl_embed_files(TARGET NAMESPACE HEADER FILE...)
# Makes HEADER (below the build tree, on TARGET's include path) with one `inline constexpr char
# kName[]` per file, so that SQL lives in files and is still part of the program. kName is the file's base name in
# CamelCase: `sql/row_security.sql` becomes kRowSecurity.
function(resetctl_embed_files TARGET NAMESPACE HEADER)
  set(output ${CMAKE_BINARY_DIR}/embedded/${HEADER})
  set(inputs)
  foreach(file ${ARGN})
    list(APPEND inputs ${CMAKE_CURRENT_SOURCE_DIR}/${file})
  endforeach()
  string(REPLACE ";" "|" joined "${inputs}")
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DOUTPUT=${output} -DNAMESPACE=${NAMESPACE} "-DINPUTS=${joined}"
            -P ${CMAKE_SOURCE_DIR}/cmake/EmbedFilesScript.cmake
    DEPENDS ${inputs} ${CMAKE_SOURCE_DIR}/cmake/EmbedFilesScript.cmake
    VERBATIM)
  target_sources(${TARGET} PRIVATE ${output})
  target_include_directories(${TARGET} PUBLIC ${CMAKE_BINARY_DIR}/embedded)
endfunction()
