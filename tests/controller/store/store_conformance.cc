#include "tests/controller/store/store_conformance.h"

#include "tests/support/memory_store.h"

namespace resetctl::controller {

StoreTest::StoreTest() {
  if (GetParam() == "memory") {
    store_ = std::make_unique<MemoryStore>(kOrigin, key_.Signer());
  } else {
    store_ = OpenSqliteStore({folder_.File("controller.db"), kOrigin, key_.Signer()}).value();
  }
}

INSTANTIATE_TEST_SUITE_P(Stores, StoreTest, ::testing::Values("memory", "sqlite"),
                         [](const auto& param_info) { return param_info.param; });

}  // namespace resetctl::controller
