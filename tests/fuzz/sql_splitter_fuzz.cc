#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "proto/contract/sql_splitter.h"

// Every statement is a piece of the file.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view sql(reinterpret_cast<const char*>(data), size);
  const auto statements = resetctl::contract::SplitSql(sql);
  if (!statements.ok()) return 0;
  for (const auto& statement : *statements) {
    if (statement.text.empty() || sql.find(statement.text) == absl::string_view::npos) abort();
  }
  return 0;
}
