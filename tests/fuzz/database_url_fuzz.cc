#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include <libpq-fe.h>

#include "agent/postgres/session.h"

// What was normalised is what libpq reads, all of it.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using resetctl::base::Secret;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto url = resetctl::agent::NormalizeDatabaseUrl(Secret(text));
  if (!url.ok()) return 0;
  if (strlen(url->Reveal().c_str()) != url->Reveal().size()) abort();
  PQconninfoOption* options = PQconninfoParse(url->Reveal().c_str(), nullptr);
  if (options == nullptr) abort();
  PQconninfoFree(options);
  return 0;
}
