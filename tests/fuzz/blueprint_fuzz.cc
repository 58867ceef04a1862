#include <cstddef>
#include <cstdint>
#include <string>

#include "proto/contract/blueprint.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  resetctl::contract::BundleFiles bundle;
  bundle.blueprint_path = "blueprint.yaml";
  bundle.files = {
      {"blueprint.yaml", text}, {"sql/a.sql", "select 1;"}, {"csv/a.csv", "a,b\n1,2\n"}};
  resetctl::contract::ParseBlueprint(bundle);
  resetctl::contract::FilesNamedBy(text);
  return 0;
}
