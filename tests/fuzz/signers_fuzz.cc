#include <cstddef>
#include <cstdint>

#include "proto/contract/allowed_signers.h"
#include "proto/contract/ssh_signature.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  (void)resetctl::contract::AllowedSigners::Parse(text);
  (void)resetctl::contract::ParseSshSignature(text);
  return 0;
}
