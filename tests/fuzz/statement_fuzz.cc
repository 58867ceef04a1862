#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "proto/contract/statement.h"

// What parses must say the same again: the text is the statement.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  const auto statement = resetctl::contract::Statement::Parse(text);
  if (statement.ok() && statement->text() != text) abort();
  return 0;
}
