# RESETCTL_SANITIZE=address,undefined | thread : instruments everything, tests and programs alike.
set(RESETCTL_SANITIZE "" CACHE STRING "Sanitizers to compile with")
if(RESETCTL_SANITIZE)
  add_compile_options(-fsanitize=${RESETCTL_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${RESETCTL_SANITIZE})
endif()
