#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "proto/contract/bundle.h"
#include "proto/contract/environment_rules.h"

// A bundle that unpacks packs to the same bytes: its digest names it.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto bundle = resetctl::contract::UnpackBundle(bytes);
  if (bundle.ok()) (void)resetctl::contract::PackBundle(*bundle);
  const auto rules = resetctl::contract::ParseCanonicalJson(bytes);
  if (rules.ok() && resetctl::contract::ToCanonicalJson(*rules) != bytes) abort();
  return 0;
}
