# Warnings are errors in our own code; generated code is compiled without this (see proto/CMakeLists.txt).
add_library(resetctl_warnings INTERFACE)
target_compile_options(resetctl_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Werror)
if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
  target_compile_options(resetctl_warnings INTERFACE -Wthread-safety -Wno-unused-private-field)
else()
  # Wrong about std::string and std::variant in GCC 12 when it optimises (GCC bugs 105651 and 105562).
  target_compile_options(resetctl_warnings INTERFACE -Wno-restrict -Wno-maybe-uninitialized)
endif()
