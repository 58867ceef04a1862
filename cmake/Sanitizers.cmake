# RESETCTL_SANITIZE=address,undefined | thread : instruments everything, tests and programs alike.
set(RESETCTL_SANITIZE "" CACHE STRING "Sanitizers to compile with")
if(RESETCTL_SANITIZE)
  add_compile_options(-fsanitize=${RESETCTL_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all -g1)
  add_link_options(-fsanitize=${RESETCTL_SANITIZE})
endif()

# RESETCTL_FUZZ: coverage for libFuzzer in everything, and the targets of tests/fuzz (clang only).
option(RESETCTL_FUZZ "Build the libFuzzer targets" OFF)
if(RESETCTL_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
