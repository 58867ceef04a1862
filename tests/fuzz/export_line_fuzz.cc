#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <variant>

#include "proto/contract/export_line.h"

// What is taken for a line is written as it was read.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  const auto line = resetctl::contract::ParseExportLine(text);
  if (!line.ok()) return 0;
  const std::string written =
      std::visit([](const auto& each) { return resetctl::contract::Write(each); }, *line);
  if (absl::string_view(written) != text) std::abort();
  return 0;
}
